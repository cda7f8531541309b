namespace Flannel.Extensibility;

/// <summary>
/// What the node must know of the host's own network before it touches anything. It reads, and turns on forwarding if it is asked to.
/// </summary>
/// <remarks>
/// All members may be called from any thread at any time, also for several networks. Members that are added later have default implementations.
/// </remarks>
public interface IHostNetwork
{
    /// <summary>Checks that the network namespace exists and that the process may change its network configuration.</summary>
    /// <param name="networkNamespace">The namespace's name or path, or <see langword="null"/> for the process's own.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="MissingCapabilityException">A privilege is missing; the message names it.</exception>
    /// <exception cref="FlannelException">The namespace does not exist, or the platform is not supported.</exception>
    /// <returns>Completed by default, for hosts where everything is allowed.</returns>
    Task CheckAccessAsync(string? networkNamespace, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Tells network namespaces apart: two names or paths of the same one have the same identity.</summary>
    /// <param name="networkNamespace">The namespace's name or path, or <see langword="null"/> for the process's own.</param>
    /// <exception cref="FlannelException">The namespace does not exist, or may not be opened.</exception>
    /// <returns>By default the name or path itself, or nothing for the process's own.</returns>
    string IdentifyNamespace(string? networkNamespace) => networkNamespace ?? "";

    /// <summary>Chooses the interface that carries the overlay's outer packets.</summary>
    /// <param name="networkNamespace">The namespace's name or path, or <see langword="null"/> for the process's own.</param>
    /// <param name="options">How to choose.</param>
    /// <param name="config">Which address families the network has.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="ExternalInterfaceException">No interface fits; the exception lists every candidate and why it was refused.</exception>
    Task<ExternalInterface> FindExternalInterfaceAsync(
        string? networkNamespace, ExternalInterfaceOptions options, NetworkConfig config, CancellationToken cancellationToken);

    /// <summary>
    /// Waits until the external interface is no longer what it was (it is gone, or an address of it) and another choice can be made. A choice that
    /// still works is never given up for one that would be made today.
    /// </summary>
    /// <param name="networkNamespace">The namespace's name or path, or <see langword="null"/> for the process's own.</param>
    /// <param name="options">How to choose.</param>
    /// <param name="config">Which address families the network has.</param>
    /// <param name="current">The choice that was made.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The other choice. By default it waits until it is cancelled, for hosts that never move.</returns>
    Task<ExternalInterface> WaitForOtherExternalInterfaceAsync(
        string? networkNamespace, ExternalInterfaceOptions options, NetworkConfig config, ExternalInterface current,
        CancellationToken cancellationToken) =>
        new TaskCompletionSource<ExternalInterface>().Task.WaitAsync(cancellationToken);

    /// <summary>Looks whether the host forwards packets of the network's address families, and turns that on if asked to.</summary>
    /// <param name="networkNamespace">The namespace's name or path, or <see langword="null"/> for the process's own.</param>
    /// <param name="config">Which address families the network has.</param>
    /// <param name="enable">Whether to turn forwarding on where it is off.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>By default that nothing is wrong.</returns>
    Task<ForwardingStatus> CheckForwardingAsync(string? networkNamespace, NetworkConfig config, bool enable, CancellationToken cancellationToken) =>
        Task.FromResult(new ForwardingStatus(null));

    /// <summary>Lists the host's addresses and routes (main table, default routes excluded).</summary>
    /// <param name="networkNamespace">The namespace's name or path, or <see langword="null"/> for the process's own.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>None by default, so that nothing counts as a collision.</returns>
    Task<IReadOnlyList<HostPrefix>> GetPrefixesAsync(string? networkNamespace, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<HostPrefix>>([]);
}

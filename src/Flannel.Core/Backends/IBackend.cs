namespace Flannel.Extensibility;

/// <summary>A way for packets to travel between hosts. The network configuration's <c>Backend.Type</c> picks one by <see cref="Name"/>.</summary>
/// <remarks>
/// One object serves one network, which calls it from one place at a time. It is disposed of with the network if it can be. Members that are added
/// later have default implementations.
/// </remarks>
public interface IBackend
{
    /// <summary>The backend's name in lower case, such as <c>vxlan</c>.</summary>
    string Name { get; }

    /// <summary>
    /// Whether an address or route of the host is this backend's own doing (left by an earlier run, by flannel, or by a node of another
    /// network in this process), so that it is no collision with the overlay's range.
    /// </summary>
    /// <param name="prefix">The address or route.</param>
    /// <param name="config">The network that is about to start.</param>
    /// <returns><see langword="false"/> by default: nothing that is there before a start is its own.</returns>
    bool Owns(HostPrefix prefix, NetworkConfig config) => false;

    /// <summary>
    /// Checks the backend's own block of a configuration whose other parts may be invalid, so that all problems of a document are reported at once.
    /// Must not throw.
    /// </summary>
    /// <param name="config">The configuration, with the block in <see cref="NetworkConfig.Backend"/>.</param>
    /// <returns>Every problem of the block; none by default, which leaves it to <see cref="CreateNetworkAsync"/>.</returns>
    IReadOnlyList<NetworkConfigProblem> CheckConfig(NetworkConfig config) => [];

    /// <summary>
    /// The device that a network would create or adopt, so that two networks of one process that want the same one are told before either touches it.
    /// Called with configurations that may be invalid for the backend; must not throw.
    /// </summary>
    /// <param name="config">The network's configuration.</param>
    /// <returns>
    /// The device's name, or <see langword="null"/> (default) if the backend makes no device or the configuration does not say which.
    /// </returns>
    string? GetDeviceName(NetworkConfig config) => null;

    /// <summary>
    /// What a network must have for itself in its network namespace, so that two networks of one process that want the same are told before either
    /// touches it. Called with configurations that may be invalid for the backend; must not throw.
    /// </summary>
    /// <param name="config">The network's configuration.</param>
    /// <returns>
    /// Phrases for a message, such as <c>the device flannel.1</c> or <c>the UDP port 8285</c>; by default the device that
    /// <see cref="GetDeviceName"/> names, if any.
    /// </returns>
    IReadOnlyList<string> GetClaims(NetworkConfig config) => GetDeviceName(config) is { } device ? [$"the device {device}"] : [];

    /// <summary>
    /// Whether a running network can follow a change of its configuration: by being closed, which leaves its data path in place, and created again
    /// with the new configuration, which adopts it.
    /// </summary>
    /// <param name="running">The configuration that the network runs with.</param>
    /// <param name="wanted">The configuration in the store; only the backend's own block differs in what concerns a backend.</param>
    /// <returns>
    /// <see langword="null"/> if it can, else the reason why the change waits until the node is restarted; by default that the backend cannot. Must
    /// not throw.
    /// </returns>
    string? RefuseLiveChange(NetworkConfig running, NetworkConfig wanted) => $"the backend {Name} does not follow changes of its block while it runs";

    /// <summary>
    /// Creates or adopts what the host needs before it can publish a lease (a device with its MAC). Nothing that carries traffic is disturbed.
    /// </summary>
    /// <param name="context">The network and the host.</param>
    /// <param name="cancellationToken">Ends the call; what was created stays and is adopted by the next call.</param>
    /// <exception cref="FlannelException">The configuration block is invalid, or the host refuses; says what to do.</exception>
    Task<IBackendNetwork> CreateNetworkAsync(BackendContext context, CancellationToken cancellationToken);
}

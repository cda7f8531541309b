namespace Flannel;

/// <summary>
/// Attaches containers to the network of this host. What is attached is known from the kernel and the address directory, so it survives the process;
/// two processes must not work on one container at once.
/// </summary>
/// <remarks>Thread-safe. Calls for one container and interface wait for each other, all others run side by side.</remarks>
public interface IContainerNetwork : IAsyncDisposable
{
    /// <summary>
    /// Gives a container an interface with addresses, routes and mapped ports. Called again with the same data it returns the same; an attach that
    /// was cut short is completed.
    /// </summary>
    /// <param name="attachment">What to attach.</param>
    /// <param name="cancellationToken">Ends the wait for another call for this container; what has begun is finished.</param>
    /// <exception cref="ContainerNetworkException">It was refused; nothing is left behind.</exception>
    Task<AttachedContainer> AttachAsync(ContainerAttachment attachment, CancellationToken cancellationToken = default);

    /// <summary>Takes away ports, device and addresses, in that order. Nothing there to take away is no error.</summary>
    /// <param name="containerId">The container's id.</param>
    /// <param name="interfaceName">Name of the interface in the container.</param>
    /// <param name="cancellationToken">Ends the wait for another call for this container.</param>
    /// <exception cref="ContainerNetworkException">The kernel or the address directory refused; call it again.</exception>
    Task DetachAsync(string containerId, string interfaceName = "eth0", CancellationToken cancellationToken = default);

    /// <summary>Says what is wrong with an attachment.</summary>
    /// <param name="attachment">As it was attached. Without a namespace, routes are not looked at; ports only if there are any.</param>
    /// <param name="cancellationToken">Ends the wait for another call for this container.</param>
    /// <exception cref="ContainerNetworkException">The kernel or the address directory refused.</exception>
    Task<ContainerCheck> CheckAsync(ContainerAttachment attachment, CancellationToken cancellationToken = default);

    /// <summary>Lists what kernel and address directory hold of this network.</summary>
    /// <param name="cancellationToken">Ends the call before it begins.</param>
    /// <exception cref="ContainerNetworkException">The kernel or the address directory refused.</exception>
    Task<IReadOnlyList<ContainerListing>> ListAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Takes away what belongs to no living container, whoever attached it to this network: addresses, devices and ports. Do not attach a container
    /// that is not named while this runs.
    /// </summary>
    /// <param name="liveIds">The ids of all containers that live.</param>
    /// <param name="cancellationToken">Ends it between two containers.</param>
    /// <returns>What was taken away.</returns>
    /// <exception cref="ContainerNetworkException">The kernel or the address directory refused.</exception>
    Task<IReadOnlyList<ContainerListing>> CollectGarbageAsync(IReadOnlyCollection<string> liveIds, CancellationToken cancellationToken = default);
}

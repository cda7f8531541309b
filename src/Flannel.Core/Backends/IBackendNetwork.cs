namespace Flannel.Extensibility;

/// <summary>
/// One running overlay network of a backend. Disposing it ends its loops and closes its handles but leaves the data path in the kernel, so that
/// packets keep flowing; <see cref="RemoveAsync"/> undoes the data path.
/// </summary>
public interface IBackendNetwork : IAsyncDisposable
{
    /// <summary>What to publish with the lease.</summary>
    LeaseAttributes Attributes { get; }

    /// <summary>The condition of the data path now.</summary>
    BackendStatus Status { get; }

    /// <summary>The backend's opinion of a peer: <see langword="null"/> to accept it, else the reason to quarantine it. Never throws.</summary>
    /// <param name="peer">The peer's lease.</param>
    string? CheckPeer(Lease peer);

    /// <summary>Puts the leased subnet into effect (address, link up) and starts keeping the kernel in the desired state.</summary>
    /// <param name="own">The node's lease.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="FlannelException">The host refuses; says what to do.</exception>
    Task StartAsync(Lease own, CancellationToken cancellationToken);

    /// <summary>
    /// Replaces the desired set of peers. Returns at once; the kernel follows in the background. Before the first call nothing is removed from
    /// the kernel. On return <see cref="Status"/> does not claim convergence until the kernel has followed.
    /// </summary>
    /// <param name="peers">Every peer to reach.</param>
    void SetPeers(IReadOnlyList<Lease> peers);

    /// <summary>Changes the desired set of peers. Returns at once; the kernel follows in the background.</summary>
    /// <param name="changes">Peers that came, changed or left since the last call.</param>
    void ChangePeers(IReadOnlyList<LeaseChange> changes);

    /// <summary>Delivers the current status and then each new one. A slow reader misses intermediate ones, never the last.</summary>
    /// <param name="cancellationToken">Ends the sequence.</param>
    IAsyncEnumerable<BackendStatus> WatchAsync(CancellationToken cancellationToken);

    /// <summary>Removes from the kernel everything that this network owns. Call it before disposing.</summary>
    /// <param name="cancellationToken">Ends the call.</param>
    Task RemoveAsync(CancellationToken cancellationToken);
}

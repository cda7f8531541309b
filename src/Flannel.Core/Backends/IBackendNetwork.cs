namespace Flannel.Extensibility;

/// <summary>
/// One running overlay network of a backend. Disposing it ends its loops and closes its handles but leaves the data path in the kernel, so that
/// packets keep flowing; <see cref="RemoveAsync"/> undoes the data path.
/// </summary>
/// <remarks>
/// The node calls <see cref="StartAsync"/> once, then <see cref="SetPeers"/> once and <see cref="ChangePeers"/> as often as something changes, at
/// last
/// <see cref="RemoveAsync"/> perhaps and disposes of it, all one after the other. <see cref="Attributes"/>, <see cref="Status"/>,
/// <see cref="CheckPeer"/> and
/// <see cref="WatchAsync"/> come from any thread at any time until then. Members that are added later have default implementations.
/// </remarks>
public interface IBackendNetwork : IAsyncDisposable
{
    /// <summary>What to publish with the lease.</summary>
    LeaseAttributes Attributes { get; }

    /// <summary>The condition of the data path now.</summary>
    BackendStatus Status { get; }

    /// <summary>
    /// The backend's opinion of a peer: <see langword="null"/> to accept it (default), else the reason to quarantine it. Must not throw.
    /// </summary>
    /// <param name="peer">The peer's lease.</param>
    string? CheckPeer(Lease peer) => null;

    /// <summary>Puts the leased subnet into effect (address, link up) and starts keeping the kernel in the desired state.</summary>
    /// <param name="own">The node's lease.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="FlannelException">The host refuses; says what to do.</exception>
    Task StartAsync(Lease own, CancellationToken cancellationToken);

    /// <summary>
    /// Replaces the desired set of peers. Returns at once; the kernel follows in the background. Before the first call nothing is removed from
    /// the kernel. On return <see cref="Status"/> does not claim convergence until the kernel has followed. Must not throw: a peer that cannot be
    /// reached is told in <see cref="BackendStatus.PeerProblems"/>, and an exception ends the session, so that the network is closed and created
    /// again after a pause.
    /// </summary>
    /// <param name="peers">Every peer to reach.</param>
    void SetPeers(IReadOnlyList<Lease> peers);

    /// <summary>
    /// Changes the desired set of peers. Returns at once; the kernel follows in the background. Must not throw, as <see cref="SetPeers"/>. Applying a
    /// change twice, or one of a peer that is as it should be already, is no error.
    /// </summary>
    /// <param name="changes">Peers that came, changed or left since the last call.</param>
    void ChangePeers(IReadOnlyList<LeaseChange> changes);

    /// <summary>
    /// Delivers the current status and then each new one. A slow reader misses intermediate ones, never the last. It ends when the network is
    /// disposed of, or by cancellation; <see cref="LatestValue{T}"/> does all of that.
    /// </summary>
    /// <param name="cancellationToken">Ends the sequence.</param>
    IAsyncEnumerable<BackendStatus> WatchAsync(CancellationToken cancellationToken);

    /// <summary>Removes from the kernel everything that this network owns. Call it before disposing.</summary>
    /// <param name="cancellationToken">Ends the call.</param>
    Task RemoveAsync(CancellationToken cancellationToken);
}

using Flannel.Extensibility;

namespace Flannel;

/// <summary>
/// One host's membership in one overlay network. It works in the background and heals itself: nothing that happens to the store, the kernel or a
/// peer throws into the host application; it shows in <see cref="Status"/>. Disposing stops the node.
/// </summary>
public interface IFlannelNode : IAsyncDisposable
{
    /// <summary>The network's name in this process; empty for the default network.</summary>
    string Name { get; }

    /// <summary>Everything the node knows about itself now.</summary>
    FlannelNodeStatus Status { get; }

    /// <summary>The node's lease.</summary>
    /// <exception cref="InvalidOperationException">There is none yet; await <see cref="WaitForReadyAsync(CancellationToken)"/> first.</exception>
    Lease Lease { get; }

    /// <summary>The overlay's MTU in bytes, for container interfaces.</summary>
    /// <exception cref="InvalidOperationException">It is not known yet; await <see cref="WaitForReadyAsync(CancellationToken)"/> first.</exception>
    int Mtu { get; }

    /// <summary>The interface that carries the outer packets.</summary>
    /// <exception cref="InvalidOperationException">It is not chosen yet; await <see cref="WaitForReadyAsync(CancellationToken)"/> first.</exception>
    ExternalInterface ExternalInterface { get; }

    /// <summary>The other nodes of the network, as last known.</summary>
    IReadOnlyList<FlannelPeer> Peers { get; }

    /// <summary>Who decides which subnet the node gets, and keeps it.</summary>
    ISubnetManager SubnetManager { get; }

    /// <summary>Where the network's configuration and leases are; <see langword="null"/> if <see cref="SubnetManager"/> keeps them itself.</summary>
    ILeaseStore? Store { get; }

    /// <summary>
    /// Starts the node and returns at once. A generic host calls it by itself. Starting a node that runs does nothing; a stopped one starts again.
    /// </summary>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="ObjectDisposedException">The node was disposed, or its network removed.</exception>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">The options, which are read again, are invalid now.</exception>
    Task StartAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Stops the node as its options say (<see cref="FlannelOptions.StopMode"/>, <see cref="FlannelOptions.ReleaseLeaseOnStop"/>). A generic host
    /// calls it by itself. It ends within five seconds. Stopping a node that does not run does nothing.
    /// </summary>
    /// <param name="cancellationToken">Cuts the stop short: what could not be undone in time stays.</param>
    Task StopAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Stops the node as this call says: <see cref="StopMode.Detach"/> for an upgrade, which leaves everything in place,
    /// <see cref="StopMode.Suspend"/> for maintenance, <see cref="StopMode.Remove"/> to take the host out for good. It ends within five seconds.
    /// Stopping a node that does not run does nothing: to undo what a detached one left behind, start it again first.
    /// </summary>
    /// <param name="mode">What stays behind; <see cref="FlannelOptions.ReleaseLeaseOnStop"/> does not count.</param>
    /// <param name="cancellationToken">Cuts the stop short: what could not be undone in time stays.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such mode.</exception>
    Task StopAsync(StopMode mode, CancellationToken cancellationToken = default);

    /// <summary>Waits until the lease is held and the first peers have been programmed.</summary>
    /// <param name="cancellationToken">Ends the wait, not the node.</param>
    /// <exception cref="FlannelException">
    /// The node cannot start for a reason that waiting will not cure; the message says what to do. The node keeps trying nevertheless.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// Nothing will start the node: it does not run, and there is no generic host in the services that has yet to start. Also if it is stopped
    /// meanwhile.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The node was disposed before it became ready.</exception>
    Task WaitForReadyAsync(CancellationToken cancellationToken = default);

    /// <summary>Waits until the lease is held and the first peers have been programmed, for a limited time.</summary>
    /// <param name="timeout">The longest wait; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Ends the wait, not the node.</param>
    /// <exception cref="TimeoutException">The node was not ready in time; the message says what it was at, and why.</exception>
    /// <exception cref="FlannelException">
    /// The node cannot start for a reason that waiting will not cure; the message says what to do. The node keeps trying nevertheless.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// Nothing will start the node: it does not run, and there is no generic host in the services that has yet to start. Also if it is stopped
    /// meanwhile.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The node was disposed before it became ready.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative, or longer than 49 days.</exception>
    Task WaitForReadyAsync(TimeSpan timeout, CancellationToken cancellationToken = default);

    /// <summary>
    /// Delivers the current status and then each new one, until the node is disposed. A slow reader misses intermediate ones, never the last.
    /// </summary>
    /// <param name="cancellationToken">Ends the sequence.</param>
    IAsyncEnumerable<FlannelNodeStatus> WatchAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Delivers every accepted peer there is as <see cref="ChangeKind.Added"/>, and then each one that comes, changes or goes, until the node is
    /// disposed. A slow reader misses intermediate states, never the last. When the node stops, every peer goes.
    /// </summary>
    /// <param name="cancellationToken">Ends the sequence.</param>
    IAsyncEnumerable<PeerChange> WatchPeersAsync(CancellationToken cancellationToken = default) =>
        PeerChange.FollowAsync(WatchAsync(cancellationToken), cancellationToken);
}

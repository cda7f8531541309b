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
    /// <exception cref="InvalidOperationException">There is none yet; await <see cref="WaitForReadyAsync"/> first.</exception>
    Lease Lease { get; }

    /// <summary>The overlay's MTU in bytes, for container interfaces.</summary>
    /// <exception cref="InvalidOperationException">It is not known yet; await <see cref="WaitForReadyAsync"/> first.</exception>
    int Mtu { get; }

    /// <summary>The interface that carries the outer packets.</summary>
    /// <exception cref="InvalidOperationException">It is not chosen yet; await <see cref="WaitForReadyAsync"/> first.</exception>
    ExternalInterface ExternalInterface { get; }

    /// <summary>The other nodes of the network, as last known.</summary>
    IReadOnlyList<FlannelPeer> Peers { get; }

    /// <summary>
    /// Starts the node and returns at once. A generic host calls it by itself. Starting a node that runs does nothing; a stopped one starts again.
    /// </summary>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="ObjectDisposedException">The node was disposed.</exception>
    Task StartAsync(CancellationToken cancellationToken = default);

    /// <summary>Stops the node as the stop mode says. A generic host calls it by itself.</summary>
    /// <param name="cancellationToken">Cuts the stop short: what could not be undone in time stays.</param>
    Task StopAsync(CancellationToken cancellationToken = default);

    /// <summary>Waits until the lease is held and the first peers have been programmed.</summary>
    /// <param name="cancellationToken">Ends the wait, not the node.</param>
    /// <exception cref="FlannelException">
    /// The node cannot start for a reason that waiting will not cure; the message says what to do. The node keeps trying nevertheless.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The node was disposed before it became ready.</exception>
    Task WaitForReadyAsync(CancellationToken cancellationToken = default);

    /// <summary>Delivers the current status and then each new one, until the node is disposed. A slow reader misses intermediate ones, never the last.</summary>
    /// <param name="cancellationToken">Ends the sequence.</param>
    IAsyncEnumerable<FlannelNodeStatus> WatchAsync(CancellationToken cancellationToken = default);
}

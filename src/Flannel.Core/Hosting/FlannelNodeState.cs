namespace Flannel;

/// <summary>Where a node is in its life.</summary>
/// <remarks>
/// <code>
/// Stopped ──StartAsync──▶ Starting ◀──▶ Ready ◀──▶ Degraded
///                          │    ▲          │           │
///                          ▼    │ (the cause is gone)  │ (the lease is lost, packets cannot travel)
///                         Failed ◀─────────┴───────────┘
/// any of them ──StopAsync──▶ Stopping ──▶ Stopped
/// </code>
/// </remarks>
public enum FlannelNodeState
{
    /// <summary>Not started yet, or stopped. What stays in the kernel depends on the stop mode.</summary>
    Stopped,

    /// <summary>Working towards a lease and a data path, for the first time or again; waits for whatever is away. Not ready.</summary>
    Starting,

    /// <summary>The lease is held and every accepted peer is reachable as far as the kernel knows.</summary>
    Ready,

    /// <summary>
    /// The overlay carries traffic, but something is wrong: the store is away, a peer cannot be programmed, an old bridge is in the way.
    /// </summary>
    Degraded,

    /// <summary>
    /// Not ready for a reason that waiting will not cure, such as a subnet that another host holds. The node keeps trying, in case somebody cures it.
    /// </summary>
    Failed,

    /// <summary>On the way to stopped.</summary>
    Stopping,
}

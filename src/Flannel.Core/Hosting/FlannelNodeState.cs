namespace Flannel.Core.Hosting;

/// <summary>Where a node is in its life.</summary>
/// <remarks>
/// <code>
/// Stopped ──StartAsync──▶ Starting ──▶ Ready ◀──▶ Degraded
///                          │    ▲
///                          ▼    │ (the cause is gone: nodes keep trying)
///                         Failed
/// any of them ──StopAsync──▶ Stopping ──▶ Stopped
/// </code>
/// </remarks>
public enum FlannelNodeState
{
    /// <summary>Not started yet, or stopped. What stays in the kernel depends on the stop mode.</summary>
    Stopped,

    /// <summary>Working towards a lease and a data path; waits for whatever is away.</summary>
    Starting,

    /// <summary>The lease is held and every accepted peer is reachable as far as the kernel knows.</summary>
    Ready,

    /// <summary>The overlay carries traffic, but something is wrong: the store is away, the lease is lost, a peer cannot be programmed.</summary>
    Degraded,

    /// <summary>Cannot start for a reason that waiting will not cure. The node keeps trying, in case somebody cures it.</summary>
    Failed,

    /// <summary>On the way to stopped.</summary>
    Stopping,
}

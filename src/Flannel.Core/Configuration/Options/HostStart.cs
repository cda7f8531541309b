namespace Flannel;

/// <summary>What a generic host's start waits for, of a network that was composed with it.</summary>
public enum HostStart
{
    /// <summary>For nothing: a store that is away never holds up the host. Await <c>WaitForReadyAsync</c> where the network is needed.</summary>
    GoOn,

    /// <summary>
    /// Until the node is ready. If it cannot become ready by waiting, or not in time (<see cref="FlannelOptions.HostStartLimit"/>), the host starts
    /// nevertheless, and the log says so.
    /// </summary>
    WaitForReady,

    /// <summary>
    /// Until the node is ready. If it cannot become ready by waiting, the host's start fails with the <see cref="FlannelException"/> that says why,
    /// and with a
    /// <see cref="TimeoutException"/> if it is not ready in time (<see cref="FlannelOptions.HostStartLimit"/>).
    /// </summary>
    RequireReady,
}

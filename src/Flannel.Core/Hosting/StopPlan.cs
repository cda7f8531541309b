namespace Flannel.Core.Hosting;

/// <summary>
/// How a stop's time is divided. A host waits a few seconds for its services, so a stop ends within five, whatever the store, the kernel or a backend
/// does; a step that does not end leaves the next ones their share.
/// </summary>
internal sealed class StopPlan
{
    private static readonly TimeSpan SessionEnd = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan ReleaseEnd = TimeSpan.FromSeconds(2.5);
    private static readonly TimeSpan RemovalEnd = TimeSpan.FromSeconds(3.6);
    private static readonly TimeSpan CloseEnd = TimeSpan.FromSeconds(4);

    private readonly TimeProvider _time;
    private readonly long _started;

    /// <summary>Begins to count.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="mode">What stays behind.</param>
    /// <param name="releases">Whether the lease is given back even if the mode would leave it.</param>
    /// <param name="cutShort">The caller's own deadline: steps that undo something are given up then.</param>
    public StopPlan(TimeProvider time, StopMode mode, bool releases, CancellationToken cutShort)
    {
        _time = time;
        _started = time.GetTimestamp();
        RemovesDataPath = mode != StopMode.Detach;
        ReleasesLease = releases || mode == StopMode.Remove;
        CutShort = cutShort;
    }

    /// <summary>Whether data path, traffic rules and subnet file are removed.</summary>
    public bool RemovesDataPath { get; }

    /// <summary>Whether the lease is given back.</summary>
    public bool ReleasesLease { get; }

    /// <summary>The caller's own deadline.</summary>
    public CancellationToken CutShort { get; }

    /// <summary>What is left for the session to end.</summary>
    public TimeSpan ForSession => Left(SessionEnd);

    /// <summary>What is left for giving the lease back.</summary>
    public TimeSpan ForRelease => Left(ReleaseEnd);

    /// <summary>What is left for removing what is on the host.</summary>
    public TimeSpan ForRemoval => Left(RemovalEnd);

    /// <summary>What is left for closing handles.</summary>
    public TimeSpan ForClosing => Left(CloseEnd);

    private TimeSpan Left(TimeSpan end)
    {
        TimeSpan left = end - _time.GetElapsedTime(_started);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }
}

using Flannel.Backends.Udp.Interop;

namespace Flannel.Backends.Udp.DataPath;

/// <summary>
/// Says whether a thread that has nothing to do should look again or sleep. To be woken costs more than to carry a packet, so where the last packets
/// came within the limit of each other, the next one is looked for until the limit is over; one that keeps the thread waiting longer ends that. As
/// the kernel's own adaptive polling does. For one thread.
/// </summary>
/// <param name="limit">How long to look; zero never looks.</param>
/// <param name="time">The clock.</param>
internal sealed class BusyPoll(TimeSpan limit, TimeProvider time)
{
    /// <summary>How many short waits make the next one likely to be short. A burst of super-packets with a pause after it has fewer.</summary>
    private const int ShortWaits = 8;

    private readonly long _limit = (long)(limit.TotalSeconds * time.TimestampFrequency);
    private long _since;
    private int _shortWaits;
    private bool _isWaiting;

    /// <summary>Asked when there was nothing to do. Lets others have the processor before it says yes.</summary>
    /// <returns>True to look again; false to sleep.</returns>
    public bool ShallLookAgain()
    {
        if (_limit == 0) return false;
        long now = time.GetTimestamp();
        if (!_isWaiting) (_isWaiting, _since) = (true, now);
        if (_shortWaits < ShortWaits || now - _since >= _limit) return false;
        _ = Libc.sched_yield();
        return true;
    }

    /// <summary>Told whenever there was something to do.</summary>
    public void Found()
    {
        if (!_isWaiting) return;
        _isWaiting = false;
        _shortWaits = time.GetTimestamp() - _since < _limit ? Math.Min(_shortWaits + 1, ShortWaits) : 0;
    }
}

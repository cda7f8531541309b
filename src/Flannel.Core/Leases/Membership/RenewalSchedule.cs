using Flannel.Core.Leases.Policy;
using Flannel.Extensibility;

namespace Flannel.Core.Leases.Membership;

/// <summary>
/// When the own lease is written: at its margin, sooner if that failed, and never without a look at its key first if it may have ended meanwhile.
/// Times are counted from the start of the watch.
/// </summary>
internal sealed class RenewalSchedule
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(2);

    private readonly SubnetManagerOptions _options;
    private readonly BackOff _pauses;
    private readonly Random _random;
    private TimeSpan _aliveAt;
    private bool _isUncertain;

    /// <param name="options">Times to live and intervals.</param>
    /// <param name="random">Spreads attempts.</param>
    /// <param name="age">How long ago the lease was last written or renewed.</param>
    /// <param name="hasTimeToLive">Whether the lease ends by itself.</param>
    public RenewalSchedule(SubnetManagerOptions options, Random random, TimeSpan age, bool hasTimeToLive)
    {
        _options = options;
        _random = random;
        _pauses = new BackOff(FirstPause, options.LongestRenewPause, jitter: 0.5);
        _aliveAt = -age;
        DueAt = hasTimeToLive ? options.RenewAfter - age : TimeSpan.MaxValue;
        // Of a lease of unknown age nothing is known to have ended.
        EndsAt = !hasTimeToLive ? TimeSpan.MaxValue : age < options.TimeToLive ? options.TimeToLive - age : options.TimeToLive;
    }

    /// <summary>When to see to the lease next.</summary>
    public TimeSpan DueAt { get; private set; }

    /// <summary>When the lease ends unless it is renewed.</summary>
    public TimeSpan EndsAt { get; private set; }

    /// <summary>How many attempts have failed in a row.</summary>
    public int Failures { get; private set; }

    /// <summary>
    /// Whether the key has to be read before it is written: a write went wrong, or the process was paused for longer than the lease lives.
    /// </summary>
    public bool MustLookFirst(TimeSpan now) => _isUncertain || now - _aliveAt >= _options.TimeToLive;

    /// <summary>The lease was written or renewed.</summary>
    /// <param name="started">When the write was begun, from which its time to live counts at the earliest.</param>
    /// <param name="hasTimeToLive">Whether it ends by itself.</param>
    public void Written(TimeSpan started, bool hasTimeToLive)
    {
        (_isUncertain, Failures, _aliveAt) = (false, 0, started);
        DueAt = hasTimeToLive ? started + _options.RenewAfter : TimeSpan.MaxValue;
        EndsAt = hasTimeToLive ? started + _options.TimeToLive : TimeSpan.MaxValue;
    }

    /// <summary>The key was read.</summary>
    public void Looked(TimeSpan now) => (_isUncertain, _aliveAt) = (false, now);

    /// <summary>What the key looks like is not known: it is to be read before the next write.</summary>
    public void Doubt() => _isUncertain = true;

    /// <summary>An attempt failed; the next one follows after a pause that grows.</summary>
    public void Failed(TimeSpan now)
    {
        DueAt = now + _pauses.Delay(++Failures, _random);
    }

    /// <summary>The lease is seen to at once: its remaining time is not known, or the store works again.</summary>
    public void Hurry(TimeSpan now) => DueAt = now;

    /// <summary>There is nothing to renew: the lease never ends, or belongs to somebody else.</summary>
    public void Rest() => (DueAt, EndsAt, Failures) = (TimeSpan.MaxValue, TimeSpan.MaxValue, 0);

    /// <summary>The end of the lease was told; it is told once.</summary>
    public void EndTold() => EndsAt = TimeSpan.MaxValue;

    /// <summary>The lease ends by itself from now on, or no longer.</summary>
    /// <param name="now">The time.</param>
    /// <param name="hasTimeToLive">Whether it ends by itself.</param>
    public void Recognise(TimeSpan now, bool hasTimeToLive)
    {
        if (!hasTimeToLive) Rest();
        else if (DueAt == TimeSpan.MaxValue) Hurry(now);
    }
}

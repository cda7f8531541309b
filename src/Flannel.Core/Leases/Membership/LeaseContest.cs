using Flannel.Extensibility;

namespace Flannel.Core.Leases.Membership;

/// <summary>
/// What is known of another live host that claims the own lease, and what is due because of it. Times are counted from the start of the watch.
/// </summary>
internal sealed class LeaseContest
{
    /// <summary>Whoever is alive and holds the lease has answered a claim after this time.</summary>
    public static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(1.5);

    /// <summary>After so long without a claim the other host is gone. It is longer than the longest pause of one that waits.</summary>
    public static readonly TimeSpan QuietTime = TimeSpan.FromSeconds(45);

    // A store without claims can only tell by their times what belongs together, so whoever waits is slower than whoever answers.
    private static readonly BackOff Pauses = new(TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(15), jitter: 0.3);

    // So many writes one after the other are not what hosts do that wait: somebody writes without looking, and that needs an end.
    private static readonly TimeSpan StormWindow = TimeSpan.FromSeconds(10);
    private const int MaxAnswers = 20;

    private readonly Random _random;
    private readonly TimeSpan _delay;
    private readonly Queue<TimeSpan> _answers = new();
    private TimeSpan? _writtenAt;
    private TimeSpan _quietAt = TimeSpan.MaxValue;
    private TimeSpan _askAt = TimeSpan.MaxValue;
    private TimeSpan _askedUntil = TimeSpan.MaxValue;
    private int _yields;

    /// <param name="random">Spreads the attempts of hosts that wait.</param>
    /// <param name="claimedAt">When the lease was claimed, if it was.</param>
    /// <param name="delay">How late the store's watches tell what was written.</param>
    public LeaseContest(Random random, TimeSpan? claimedAt, TimeSpan delay = default) => (_random, _writtenAt, _delay) = (random, claimedAt, delay);

    /// <summary>How long this store's nodes wait for an answer: it is read twice, by whoever answers and by whoever asked.</summary>
    public static TimeSpan AnswerTimeOf(TimeSpan delay) => AnswerTime + (2 * delay);

    /// <summary>The other host, while it claims the lease and this node keeps it.</summary>
    public DuplicatePublicAddressException? Claimant { get; private set; }

    /// <summary>Whether the lease is claimed and the time to answer is not over.</summary>
    public bool IsAsking => _askedUntil != TimeSpan.MaxValue;

    /// <summary>When something is due; the end of time if nothing is.</summary>
    public TimeSpan DueAt => TimeSpan.FromTicks(Math.Min(_quietAt.Ticks, Math.Min(_askAt.Ticks, _askedUntil.Ticks)));

    /// <summary>Whether the claim stands: nobody has answered in time.</summary>
    public bool IsUnanswered(TimeSpan now) => now >= _askedUntil;

    /// <summary>Whether it is time to claim the lease once more.</summary>
    public bool MustAsk(TimeSpan now) => now >= _askAt;

    /// <summary>Whether the other host has been quiet for long enough.</summary>
    public bool IsOver(TimeSpan now) => now >= _quietAt;

    /// <summary>Whether what somebody else wrote is an answer to the own claim: an update right after it. A claim is none.</summary>
    public bool IsAnswer(StoredEntry found, StoredEntry known, TimeSpan now) =>
        IsAsking || (found.ClaimId == known.ClaimId && _writtenAt is { } written && now - written < AnswerTimeOf(_delay));

    /// <summary>Whether a claim or a change may be answered once more.</summary>
    public bool MayAnswer(TimeSpan now)
    {
        while (_answers.TryPeek(out TimeSpan oldest) && now - oldest > StormWindow)
            _answers.Dequeue();
        return _answers.Count < MaxAnswers;
    }

    /// <summary>A change is being undone.</summary>
    public void Answering(TimeSpan now) => _answers.Enqueue(now);

    /// <summary>The claim of another host was answered; this node keeps the lease.</summary>
    /// <returns>Whether that is news.</returns>
    public bool Answered(DuplicatePublicAddressException claimant, TimeSpan now)
    {
        bool isNews = Claimant is null;
        (Claimant, _quietAt, _writtenAt) = (claimant, now + QuietTime + (4 * _delay), now);
        return isNews;
    }

    /// <summary>The lease was claimed, to see whether somebody answers.</summary>
    public void Asked(TimeSpan now) => (_writtenAt, _askAt, _askedUntil) = (now, TimeSpan.MaxValue, now + AnswerTimeOf(_delay));

    /// <summary>Another host holds the lease; it is claimed again after a pause that grows, in case that host is gone.</summary>
    public void Yielded(TimeSpan now)
    {
        End();
        _askAt = now + Pauses.Delay(++_yields, _random) + (2 * _delay);
    }

    /// <summary>The lease is this node's, and nothing is due any more but to see whether the other host is still there.</summary>
    public void Won() => (_askAt, _askedUntil, _yields) = (TimeSpan.MaxValue, TimeSpan.MaxValue, 0);

    /// <summary>Nobody else claims the lease any more, or it is no longer this node's business.</summary>
    public void End()
    {
        (Claimant, _quietAt) = (null, TimeSpan.MaxValue);
        (_askAt, _askedUntil) = (TimeSpan.MaxValue, TimeSpan.MaxValue);
    }
}

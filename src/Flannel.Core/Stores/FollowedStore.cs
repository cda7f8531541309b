using Flannel.Extensibility;

namespace Flannel.Core.Stores;

/// <summary>
/// A store that a loop lists and watches on from there: which watch is open, when to list again, when the watch counts as dead, and how long to wait
/// after it broke. Times are counted from the start of the loop. Not safe for concurrent use.
/// </summary>
/// <param name="store">The store, whose calls end in bounded time.</param>
/// <param name="relistInterval">
/// How often to list although the watch seems to work; the time used varies by a tenth, so that nodes do not list together.
/// </param>
/// <param name="random">Spreads the times.</param>
internal sealed class FollowedStore(DeadlineLeaseStore store, TimeSpan relistInterval, Random random)
{
    /// <summary>The longest pause after a failure. A watch that lasted so long has worked.</summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private static readonly BackOff Pauses = new(TimeSpan.FromMilliseconds(100), LongestPause, jitter: 1);

    private TimeSpan _openedAt;
    private int _failures;
    private bool _mustReset;

    /// <summary>The watch, or <see langword="null"/> if none is open.</summary>
    public BoundedWatch? Watch { get; private set; }

    /// <summary>When to list next.</summary>
    public TimeSpan ListAt { get; private set; }

    /// <summary>When the watch counts as dead unless it gives a sign of life.</summary>
    public TimeSpan SilentAt(TimeSpan now) =>
        Watch is { } watch && store.MaxSilence is { } longest ? now - watch.Silence + longest : TimeSpan.MaxValue;

    /// <summary>Lists everything, on fresh connections if the watch fell silent.</summary>
    public async Task<StoreSnapshot> ListAsync(CancellationToken cancellationToken)
    {
        if (_mustReset)
        {
            _mustReset = false;
            await store.ResetConnectionsAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        return await store.ListAsync(null, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Watches on from a listing.</summary>
    public void Open(long revision, TimeSpan now)
    {
        Close();
        _openedAt = now;
        ListAt = now + (relistInterval * (0.9 + (0.2 * random.NextDouble())));
        Watch = store.OpenWatch(revision);
    }

    /// <summary>Lists soon.</summary>
    public void HurryList(TimeSpan now)
    {
        if (ListAt > now + LongestPause) ListAt = now + LongestPause;
    }

    /// <summary>What is said of a watch that gives no sign of life. The next listing is on fresh connections.</summary>
    public StoreException FallSilent()
    {
        _mustReset = true;
        return new StoreException(
            $"The watch of the lease store ({store.ConfigSource}) has given no sign of life for {store.MaxSilence!.Value.TotalSeconds:0.#} s; " +
            "its connections are dropped and it is opened again.",
            isTransient: true)
        {
            Kind = StoreErrorKind.Unreachable,
        };
    }

    /// <summary>Closes the watch, which broke or could not be opened, and lists after a pause that grows.</summary>
    public void BreakOff(TimeSpan now)
    {
        // A watch that broke at once is no progress: else a store that lists but cannot watch would be asked without pause.
        _failures = Watch is not null && now - _openedAt >= LongestPause ? 1 : _failures + 1;
        Close();
        ListAt = now + Pauses.Delay(_failures, random);
    }

    /// <summary>Closes the watch; what does not end soon is abandoned.</summary>
    public void Close()
    {
        Watch?.Dispose();
        Watch = null;
    }
}

using System.Runtime.CompilerServices;
using System.Text;

namespace Flannel.Extensibility;

/// <summary>
/// A lease store over a table that can be read as a whole and whose rows can be written conditionally: rows of a database, a file, an object in a
/// bucket. Two methods are to be written, <see cref="ReadRowsAsync"/> and <see cref="WriteRowAsync"/>; what <see cref="ILeaseStore"/> asks for beyond
/// that is here.
/// </summary>
/// <remarks>
/// <para>There is no history: a watch reads every <see cref="PollInterval"/> and delivers everything as one <see cref="StoreSnapshot"/> when the
/// revision has changed, so states in between may be passed over. Writes through the same instance are noticed at once.</para>
/// <para>Rows whose time is over are deleted by whoever reads them first, on the condition that they are still the ones that were read. That is a
/// write as every other, so watches notice. A renewal is one, too.</para>
/// <para>Instances are safe for concurrent use, in one process and in many, if the two methods are.</para>
/// </remarks>
public abstract class PollingLeaseStore : ILeaseStore
{
    // Each round lost means that somebody else wrote the row in between.
    private const int MaxRounds = 16;

    private const string ConfigKey = "config";
    private const string LeasePrefix = "subnets/";

    private static readonly TimeSpan DefaultPollInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ShortestPollInterval = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestPollInterval = TimeSpan.FromMinutes(10);

    // How long reading may take until a watch counts as dead.
    private static readonly TimeSpan LongestRead = TimeSpan.FromSeconds(20);

    private TaskCompletionSource _poll = NewSignal();

    /// <summary>Creates the store.</summary>
    /// <param name="pollInterval">
    /// How often a watch reads, from 10 ms to 10 minutes; <see langword="null"/> for 2 s. It is how late a node learns of another one, and every node
    /// reads the whole table as often.
    /// </param>
    /// <param name="timeProvider">The clock that the interval is counted on; <see langword="null"/> for the system's.</param>
    /// <exception cref="ArgumentOutOfRangeException">The interval is out of its range.</exception>
    protected PollingLeaseStore(TimeSpan? pollInterval = null, TimeProvider? timeProvider = null)
    {
        PollInterval = pollInterval ?? DefaultPollInterval;
        ArgumentOutOfRangeException.ThrowIfLessThan(PollInterval, ShortestPollInterval, nameof(pollInterval));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(PollInterval, LongestPollInterval, nameof(pollInterval));
        Time = timeProvider ?? TimeProvider.System;
    }

    /// <inheritdoc />
    public abstract string ConfigSource { get; }

    /// <summary>How often a watch reads.</summary>
    public TimeSpan PollInterval { get; }

    /// <inheritdoc />
    /// <remarks>Every reading is a sign of life; one that takes longer than 20 s counts as dead.</remarks>
    public TimeSpan? MaxSilence => PollInterval + LongestRead;

    /// <summary>The clock given at construction, also for <see cref="StoreRows.Now"/> of a store that has no clock.</summary>
    protected TimeProvider Time { get; }

    /// <inheritdoc />
    public async Task<StoreSnapshot> ListAsync(long? revision, CancellationToken cancellationToken)
    {
        StoreSnapshot newest = ToSnapshot(await ReadAsync(cancellationToken).ConfigureAwait(false));
        return revision is not { } wanted || wanted == newest.Revision
            ? newest
            : throw new StoreException(
                $"{ConfigSource} keeps no history: revision {wanted} was asked for, the newest is {newest.Revision}.", isTransient: false)
            {
                Kind = StoreErrorKind.Compacted,
            };
    }

    /// <inheritdoc />
    public Task<StoreWriteResult> CreateAsync(string key, ReadOnlyMemory<byte> value, TimeSpan? timeToLive, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        ThrowIfNotPositive(timeToLive);
        byte[] bytes = value.ToArray(); // the caller may use its buffer again
        return WriteLeaseAsync(
            key, (found, now) => found is null ? new StoreRowWrite(LeasePrefix + key, null, bytes, now + timeToLive) : null, cancellationToken);
    }

    /// <inheritdoc />
    public Task<StoreWriteResult> UpdateAsync(
        StoredEntry expected, ReadOnlyMemory<byte> value, TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(expected);
        ThrowIfNotPositive(timeToLive);
        byte[] bytes = value.ToArray();
        return WriteLeaseAsync(
            expected.Key,
            (found, now) => found?.ModRevision == expected.ModRevision
                ? new StoreRowWrite(found.Key, found.ModRevision, bytes, found.Expires is null ? null : now + timeToLive)
                : null,
            cancellationToken);
    }

    /// <inheritdoc />
    /// <remarks>The entry gets another revision.</remarks>
    public async Task<StoreWriteResult> RenewAsync(StoredEntry expected, TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(expected);
        ThrowIfNotPositive(timeToLive);
        bool isReservation = false;
        StoreWriteResult result = await WriteLeaseAsync(
            expected.Key,
            (found, now) =>
            {
                bool isStillThere = found?.ModRevision == expected.ModRevision;
                isReservation = isStillThere && found!.Expires is null;
                return isStillThere && !isReservation ? new StoreRowWrite(found!.Key, found.ModRevision, found.Value, now + timeToLive) : null;
            },
            cancellationToken).ConfigureAwait(false);
        return isReservation ? result with { Succeeded = true } : result;
    }

    /// <inheritdoc />
    public Task<StoreWriteResult> DeleteAsync(StoredEntry expected, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(expected);
        return WriteLeaseAsync(
            expected.Key,
            (found, _) => found?.ModRevision == expected.ModRevision ? new StoreRowWrite(found.Key, found.ModRevision, null, null) : null,
            cancellationToken);
    }

    /// <inheritdoc />
    public async IAsyncEnumerable<StoreEvent> WatchAsync(long afterRevision, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        long seen = afterRevision;
        while (true)
        {
            // Before reading: a signal that comes meanwhile makes the next reading begin at once.
            Task signal = Volatile.Read(ref _poll).Task;
            StoreRows rows = await ReadAsync(cancellationToken).ConfigureAwait(false);
            if (rows.Revision < seen)
            {
                throw new StoreException(
                    $"{ConfigSource} went back from revision {seen} to {rows.Revision}, as one does that is restored from a backup; list it again.",
                    isTransient: true)
                {
                    Kind = StoreErrorKind.UnexpectedAnswer,
                };
            }

            bool isNews = rows.Revision != seen;
            seen = rows.Revision;
            yield return isNews ? ToSnapshot(rows) : new StoreChanges([], seen);
            await signal.WaitAsync(PollInterval, Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <inheritdoc />
    public async Task<StoreConfigResult> WriteConfigAsync(ReadOnlyMemory<byte>? document, long? expectedRevision, CancellationToken cancellationToken)
    {
        byte[]? bytes = document?.ToArray();
        bool isDone = false;
        (bool succeeded, StoreRow? row) = await WriteAsync(
            ConfigKey,
            (found, _) =>
            {
                bool holds = expectedRevision is not { } expected || expected == (found?.ModRevision ?? 0);
                isDone = holds && bytes is null && found is null;
                return holds && !isDone
                    ? new StoreRowWrite(ConfigKey, found?.ModRevision, bytes is null ? default(ReadOnlyMemory<byte>?) : bytes, null)
                    : null;
            },
            cancellationToken).ConfigureAwait(false);
        return new StoreConfigResult(succeeded || isDone, row?.Value, row?.ModRevision ?? 0);
    }

    /// <inheritdoc />
    public async Task<StoreWriteResult> SetTimeToLiveAsync(StoredEntry expected, TimeSpan? timeToLive, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(expected);
        ThrowIfNotPositive(timeToLive);
        bool isDone = false;
        StoreWriteResult result = await WriteLeaseAsync(
            expected.Key,
            (found, now) =>
            {
                bool isStillThere = found?.ModRevision == expected.ModRevision;
                isDone = isStillThere && timeToLive is null && found!.Expires is null;
                return isStillThere && !isDone ? new StoreRowWrite(found!.Key, found.ModRevision, found.Value, now + timeToLive) : null;
            },
            cancellationToken).ConfigureAwait(false);
        return isDone ? result with { Succeeded = true } : result;
    }

    /// <inheritdoc />
    public async Task<IReadOnlyDictionary<string, TimeSpan>> ReadTimesLeftAsync(
        IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(keys);
        HashSet<string> wanted = [.. keys.Select(static key => LeasePrefix + key)];
        StoreRows rows = await ReadAsync(cancellationToken).ConfigureAwait(false);
        return rows.Rows.Where(row => row.Expires is not null && wanted.Contains(row.Key))
            .ToDictionary(static row => row.Key[LeasePrefix.Length..], row => row.Expires!.Value - rows.Now, StringComparer.Ordinal);
    }

    /// <summary>Replaces the network configuration, whatever is there; watches are told.</summary>
    /// <param name="config">The configuration as JSON text, not checked here; <see langword="null"/> removes it.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="StoreException">The store did not answer or refused.</exception>
    public Task SetConfigAsync(string? config, CancellationToken cancellationToken) => WriteAsync(
        ConfigKey,
        (found, _) => config is null && found is null
            ? null
            : new StoreRowWrite(
                ConfigKey, found?.ModRevision, config is null ? default(ReadOnlyMemory<byte>?) : Encoding.UTF8.GetBytes(config), null),
        cancellationToken);

    /// <inheritdoc />
    /// <remarks>Does nothing unless overridden.</remarks>
    public virtual void ResetConnections()
    {
    }

    /// <summary>
    /// Reads every row, the store's revision and the time, all of one moment: no write may show in one of them and not in another. A store that is
    /// not there yet is empty and has revision 0.
    /// </summary>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="StoreException">
    /// The store did not answer, or holds something that no store wrote (not transient). Any other exception but cancellation becomes a transient
    /// one.
    /// </exception>
    protected abstract Task<StoreRows> ReadRowsAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Checks the condition, adds one to the store's revision and writes or deletes the row, all in one atomic step, whoever else writes, and
    /// whenever this process or the machine dies. A row that is inserted has the new revision as its <see cref="StoreRow.CreateRevision"/> and <see
    /// cref="StoreRow.ModRevision"/>; one that is replaced keeps the former and gets the latter. The revision is never taken back, not even if every
    /// row is deleted.
    /// </summary>
    /// <param name="write">What to write, and on which condition.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The store's new revision; <see langword="null"/> if the condition does not hold, and then nothing has changed.</returns>
    /// <exception cref="StoreException">
    /// The store did not answer or refused. Any other exception but cancellation becomes a transient one. The write may have been carried out.
    /// </exception>
    protected abstract Task<long?> WriteRowAsync(StoreRowWrite write, CancellationToken cancellationToken);

    /// <summary>
    /// Makes every watch of this instance read at once: for stores that can tell that something changed. Returns at once, never throws.
    /// </summary>
    protected void PollNow() => Interlocked.Exchange(ref _poll, NewSignal()).SetResult();

    private async Task<StoreWriteResult> WriteLeaseAsync(
        string key, Func<StoreRow?, DateTimeOffset, StoreRowWrite?> decide, CancellationToken cancellationToken)
    {
        (bool succeeded, StoreRow? row) = await WriteAsync(LeasePrefix + key, decide, cancellationToken).ConfigureAwait(false);
        return new StoreWriteResult(succeeded, row is null ? null : ToEntry(row));
    }

    /// <summary>Writes what is decided on each time the row is read, until the row is still the one that was read.</summary>
    /// <returns>Whether it was written, and the row as it is now.</returns>
    private async Task<(bool Succeeded, StoreRow? Row)> WriteAsync(
        string key, Func<StoreRow?, DateTimeOffset, StoreRowWrite?> decide, CancellationToken cancellationToken)
    {
        for (int round = 0; round < MaxRounds; round++)
        {
            StoreRows rows = await ReadAsync(cancellationToken).ConfigureAwait(false);
            StoreRow? found = rows.Rows.FirstOrDefault(row => row.Key == key);
            if (decide(found, rows.Now) is not { } write) return (false, found);

            if (await CallAsync(() => WriteRowAsync(write, cancellationToken), cancellationToken).ConfigureAwait(false) is not { } revision) continue;
            PollNow();
            return (true, write.Value is { } value ? new StoreRow(key, value, found?.CreateRevision ?? revision, revision, write.Expires) : null);
        }

        throw new StoreException(
            $"{ConfigSource}: {key} was changed by somebody else {MaxRounds} times while it was written.",
            isTransient: true)
        { Kind = StoreErrorKind.Conflict };
    }

    /// <summary>Reads everything that has not ended.</summary>
    private async Task<StoreRows> ReadAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        for (int round = 0; round < MaxRounds; round++)
        {
            StoreRows rows = await CallAsync(() => ReadRowsAsync(cancellationToken), cancellationToken).ConfigureAwait(false);
            StoreRow[] ended = [.. rows.Rows.Where(row => row.Expires <= rows.Now)];
            if (ended.Length == 0) return rows;
            foreach (StoreRow row in ended)
            {
                // If somebody else was quicker, or renewed it after all, the next round shows it.
                var deletion = new StoreRowWrite(row.Key, row.ModRevision, null, null);
                await CallAsync(() => WriteRowAsync(deletion, cancellationToken), cancellationToken).ConfigureAwait(false);
            }

            PollNow();
        }

        throw new StoreException(
            $"{ConfigSource}: leases that have ended are still there after {MaxRounds} attempts to delete them.", isTransient: true);
    }

    private async Task<T> CallAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            return await call().ConfigureAwait(false);
        }
        catch (Exception error) when (
            error is not StoreException && !(error is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            throw new StoreException($"{ConfigSource}: {error.Message}", isTransient: true, error);
        }
    }

    private static StoreSnapshot ToSnapshot(StoreRows rows)
    {
        StoreRow? config = rows.Rows.FirstOrDefault(static row => row.Key == ConfigKey);
        return new([.. rows.Rows.Where(static row => row.Key.StartsWith(LeasePrefix, StringComparison.Ordinal)).Select(ToEntry)], rows.Revision)
        {
            Config = config?.Value,
            ConfigRevision = config?.ModRevision ?? 0,
        };
    }

    private static StoredEntry ToEntry(StoreRow row) =>
        new(row.Key[LeasePrefix.Length..], row.Value, row.CreateRevision, row.ModRevision, row.Expires is not null);

    private static void ThrowIfNotPositive(TimeSpan? timeToLive)
    {
        if (timeToLive is { } value)
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero, nameof(timeToLive));
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Flannel.Core.Diagnostics;
using Flannel.Extensibility;

namespace Flannel.Core.Stores;

/// <summary>
/// A lease store whose every call ends in bounded time, a list in as long as parts of it come, and only by a result, a <see cref="StoreException"/>
/// or the caller's cancellation, whatever the inner store does. Watches pass through as they are.
/// </summary>
/// <param name="inner">The store.</param>
/// <param name="timeout">How long a call may take, unless the store itself takes longer; of a list, how long one part of it.</param>
/// <param name="time">The clock.</param>
/// <param name="leftovers">Takes over calls that do not end when they are cancelled.</param>
/// <param name="networkName">The network's name in this process, for traces.</param>
internal sealed class DeadlineLeaseStore(
    ILeaseStore inner, TimeSpan timeout, TimeProvider time, StoreLeftovers leftovers, string networkName = "") : ILeaseStore
{
    private static readonly TimeSpan AdministrationTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan AdministrationCloseTimeout = TimeSpan.FromSeconds(2);

    /// <summary>A store as those use it who look after a network: nobody counts what they leave behind.</summary>
    public static DeadlineLeaseStore OfAdministration(ILeaseStore store, TimeProvider time) =>
        new(store, AdministrationTimeout, time, new StoreLeftovers(AdministrationCloseTimeout, time, static () => { }));

    /// <summary>The network's name in this process, for traces.</summary>
    public string NetworkName => networkName;

    /// <inheritdoc />
    public string ConfigSource => inner.ConfigSource;

    /// <inheritdoc />
    public TimeSpan? MaxSilence => inner.MaxSilence;

    /// <inheritdoc />
    public TimeSpan? LongestCall => inner.LongestCall;

    /// <summary>How late a watch tells what was written: not at all, unless the store is one that looks every now and then.</summary>
    public TimeSpan WatchDelay => inner is PollingLeaseStore polling ? polling.PollInterval : TimeSpan.Zero;

    /// <inheritdoc />
    public Task<StoreSnapshot> ListAsync(long? revision, CancellationToken cancellationToken) =>
        CallAsync(
            "listing the network configuration and the leases",
            (partCame, token) => inner.ListInPartsAsync(revision, partCame, token),
            cancellationToken);

    /// <inheritdoc />
    public Task<StoreWriteResult> CreateAsync(string key, ReadOnlyMemory<byte> value, TimeSpan? timeToLive, CancellationToken cancellationToken) =>
        CallAsync($"creating {key}", token => inner.CreateAsync(key, value, timeToLive, token), cancellationToken);

    /// <inheritdoc />
    public Task<StoreWriteResult> UpdateAsync(
        StoredEntry expected, ReadOnlyMemory<byte> value, TimeSpan timeToLive, CancellationToken cancellationToken) =>
        CallAsync($"updating {expected.Key}", token => inner.UpdateAsync(expected, value, timeToLive, token), cancellationToken);

    /// <inheritdoc />
    public Task<StoreWriteResult> RenewAsync(StoredEntry expected, TimeSpan timeToLive, CancellationToken cancellationToken) =>
        CallAsync($"renewing {expected.Key}", token => inner.RenewAsync(expected, timeToLive, token), cancellationToken);

    /// <inheritdoc />
    public Task<StoreWriteResult> ClaimAsync(StoredEntry expected, TimeSpan timeToLive, CancellationToken cancellationToken) =>
        CallAsync($"claiming {expected.Key}", token => inner.ClaimAsync(expected, timeToLive, token), cancellationToken);

    /// <inheritdoc />
    public Task<StoreWriteResult> DeleteAsync(StoredEntry expected, CancellationToken cancellationToken) =>
        CallAsync($"deleting {expected.Key}", token => inner.DeleteAsync(expected, token), cancellationToken);

    /// <inheritdoc />
    public Task<StoreConfigResult> WriteConfigAsync(ReadOnlyMemory<byte>? document, long? expectedRevision, CancellationToken cancellationToken) =>
        CallAsync("writing the network configuration", token => inner.WriteConfigAsync(document, expectedRevision, token), cancellationToken);

    /// <inheritdoc />
    public Task<StoreWriteResult> SetTimeToLiveAsync(StoredEntry expected, TimeSpan? timeToLive, CancellationToken cancellationToken) =>
        CallAsync($"changing the time to live of {expected.Key}", token => inner.SetTimeToLiveAsync(expected, timeToLive, token), cancellationToken);

    /// <inheritdoc />
    public Task<IReadOnlyDictionary<string, TimeSpan>> ReadTimesLeftAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken) =>
        CallAsync("asking how long leases live", token => inner.ReadTimesLeftAsync(keys, token), cancellationToken);

    /// <inheritdoc />
    public IAsyncEnumerable<StoreEvent> WatchAsync(long afterRevision, CancellationToken cancellationToken) =>
        inner.WatchAsync(afterRevision, cancellationToken);

    /// <inheritdoc />
    public void ResetConnections() => _ = ResetConnectionsAsync();

    /// <summary>Retires every connection and waits until that is done, for a bounded time.</summary>
    public Task ResetConnectionsAsync() => leftovers.Await(Task.Run(inner.ResetConnections));

    /// <summary>Opens a watch that cannot hold up its reader.</summary>
    public BoundedWatch OpenWatch(long afterRevision) => new(inner, afterRevision, time, leftovers);

    /// <summary>Waits for what is still ending, for a bounded time.</summary>
    public Task DrainAsync() => leftovers.DrainAsync();

    private TimeSpan Limit => timeout != Timeout.InfiniteTimeSpan && inner.LongestCall is { } longest && longest > timeout ? longest : timeout;

    private Task<T> CallAsync<T>(
        string what, Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken, [CallerMemberName] string method = "") =>
        CallAsync(what, (_, token) => call(token), cancellationToken, method);

    private async Task<T> CallAsync<T>(
        string what, Func<Action, CancellationToken, Task<T>> call, CancellationToken cancellationToken, [CallerMemberName] string method = "")
    {
        using Activity? activity = Begin(method);
        try
        {
            return await CallWithinAsync(what, call, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            activity.Fail(error);
            throw;
        }
    }

    // ListAsync is flannel.store.list.
    private Activity? Begin(string method) => Instrumentation.Source.HasListeners()
        ? Instrumentation.Source
            .StartActivity(
                $"{FlannelTelemetry.StoreActivityPrefix}.{JsonNamingPolicy.SnakeCaseLower.ConvertName(method[..^"Async".Length])}",
                ActivityKind.Client)
            ?.SetTag(FlannelTelemetry.NetworkTag, networkName)
        : null;

    private async Task<T> CallWithinAsync<T>(string what, Func<Action, CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        TimeSpan limit = Limit;
        using var deadline = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        CancellationToken token = either.Token;
        // On a thread of the pool, because a store whose connection is stuck may block instead of waiting.
        Task<T> answer = Task.Run(() => call(PartCame, token), CancellationToken.None);
        try
        {
            // Waiting with the token as well, for a store that pays no attention to it.
            return await answer.WaitAsync(token).ConfigureAwait(false);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new StoreException(
                deadline.IsCancellationRequested
                    ? $"The lease store ({inner.ConfigSource}) did not answer within {limit.TotalSeconds:0.#} s ({what})."
                    : $"The lease store ({inner.ConfigSource}) gave up {what} by itself.",
                isTransient: true,
                error)
            {
                Kind = StoreErrorKind.Unreachable,
            };
        }
        catch (NotSupportedException error)
        {
            throw new StoreNotSupportedException($"The lease store ({inner.ConfigSource}) does not support {what}: {error.Message}", error);
        }
        catch (Exception error) when (error is not StoreException and not OperationCanceledException)
        {
            throw new StoreException(
                $"The lease store ({inner.ConfigSource}) failed unexpectedly ({what}): {error.Message}", isTransient: true, error);
        }
        finally
        {
            // A connection whose calls cannot even be cancelled is stuck.
            if (!answer.IsCompleted) _ = leftovers.Await(answer, ResetConnections);
        }

        void PartCame()
        {
            try
            {
                deadline.CancelAfter(limit);
            }
            catch (ObjectDisposedException)
            {
                // Nobody waits for the list any more.
            }
        }
    }
}

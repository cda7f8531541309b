using System.Runtime.CompilerServices;
using Flannel.Extensibility;
using Flannel.Simulation.Rules;
using Flannel.Simulation.Scheduling;

namespace Flannel.Simulation.Models;

/// <summary>
/// The store as one process has it: a request travels, is carried out at once, and its answer travels back. Either may get lost. A call that is
/// cancelled ends, unless its connection is so stuck that it does not.
/// </summary>
internal sealed class StoreClient(StoreServer server, StoreLink link, Scheduler scheduler, SimulatedProcess process, SafetyRules rules) : ILeaseStore
{
    private readonly List<Action<StoreException>> _pending = [];

    public string ConfigSource => "simulated store";

    public TimeSpan? MaxSilence => TimeSpan.FromSeconds(30);

    public Task<StoreSnapshot> ListAsync(long? revision, CancellationToken cancellationToken)
    {
        TimeSpan listed = default;
        return CallAsync(
            "list",
            () =>
            {
                listed = scheduler.Now;
                return server.List();
            },
            () => process.Tell(listed, scheduler.Now),
            cancellationToken);
    }

    public Task<StoreWriteResult> CreateAsync(string key, ReadOnlyMemory<byte> value, TimeSpan? timeToLive, CancellationToken cancellationToken) =>
        WriteAsync("create", key, () => server.Create(key, value, timeToLive), cancellationToken);

    public Task<StoreWriteResult> UpdateAsync(
        StoredEntry expected, ReadOnlyMemory<byte> value, TimeSpan timeToLive, CancellationToken cancellationToken) =>
        WriteAsync("update", expected.Key, () => server.Update(expected, value, timeToLive), cancellationToken);

    public Task<StoreWriteResult> RenewAsync(StoredEntry expected, TimeSpan timeToLive, CancellationToken cancellationToken) =>
        WriteAsync("renew", expected.Key, () => server.Renew(expected, timeToLive), cancellationToken);

    public Task<StoreWriteResult> ClaimAsync(StoredEntry expected, TimeSpan timeToLive, CancellationToken cancellationToken) => server.HasClaims
        ? WriteAsync("claim", expected.Key, () => server.Claim(expected, timeToLive), cancellationToken)
        : UpdateAsync(expected, expected.Value, timeToLive, cancellationToken);

    public Task<StoreWriteResult> DeleteAsync(StoredEntry expected, CancellationToken cancellationToken) =>
        WriteAsync("delete", expected.Key, () => server.Delete(expected), cancellationToken);

    public async IAsyncEnumerable<StoreEvent> WatchAsync(long afterRevision, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var watch = new StoreWatch(server, link, scheduler, process, afterRevision);
        while (true) yield return await watch.NextAsync(cancellationToken);
    }

    public void ResetConnections() => Break("The connection was reset.");

    /// <summary>Every connection of this process ends with an error.</summary>
    public void Break(string reason)
    {
        if (process.IsDead) return;
        StoreException error = Unreachable(reason);
        foreach (StoreWatch watch in server.Watches.Where(watch => watch.IsOf(process)).ToArray()) watch.Break(error);
        foreach (Action<StoreException> fail in _pending.ToArray()) fail(error);
    }

    private async Task<StoreWriteResult> WriteAsync(string what, string key, Func<StoreWriteResult> carryOut, CancellationToken cancellationToken)
    {
        process.BeginWrite();
        try
        {
            return await CallAsync(
                what,
                () =>
                {
                    StoredEntry? before = server.Find(key);
                    StoreWriteResult result = carryOut();
                    if (result.Succeeded) rules.CheckStoreWrite(process, what, key, before, result.Entry);
                    return result;
                },
                static () => { },
                cancellationToken);
        }
        finally
        {
            process.EndWrite(scheduler.Now);
        }
    }

    private Task<T> CallAsync<T>(string what, Func<T> carryOut, Action onAnswer, CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (process.IsDead) return answer.Task;
        bool isStuck = link.IsSilent && scheduler.Random.Next(5) == 0;
        Action<StoreException> fail = error => answer.TrySetException(error);
        _pending.Add(fail);
        CancellationTokenRegistration registration = default;
        if (!isStuck) registration = cancellationToken.UnsafeRegister(_ => End(() => answer.TrySetCanceled(cancellationToken)), null);
        scheduler.After(link.Latency(scheduler), what, null, Arrive);
        return answer.Task;

        void Arrive()
        {
            if (IsCut()) return;
            try
            {
                T result = carryOut();
                scheduler.Note(result?.ToString() ?? "");
                Answer(() => answer.TrySetResult(result));
            }
            catch (StoreException error)
            {
                Answer(() => answer.TrySetException(process.Mark(error)));
            }
        }

        void Answer(Action deliver)
        {
            bool isLost = link.LosesAnswers && scheduler.Random.Next(3) == 0;
            scheduler.After(link.Latency(scheduler), "answer", process, () =>
            {
                if (IsCut()) return;
                if (isLost) deliver = () => answer.TrySetException(Unreachable("The connection broke before the answer."));
                else onAnswer();
                End(deliver);
            });
        }

        bool IsCut()
        {
            if (link.IsRefused)
                scheduler.Soon("refusal", process, () => End(() => answer.TrySetException(Unreachable("The connection was refused."))));
            return link.IsSilent || link.IsRefused;
        }

        void End(Action deliver)
        {
            _pending.Remove(fail);
            registration.Dispose();
            deliver();
        }
    }

    private StoreException Unreachable(string reason) =>
        process.Mark(new StoreException(reason, isTransient: true) { Kind = StoreErrorKind.Unreachable });
}

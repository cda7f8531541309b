using Flannel.Extensibility;
using Flannel.Testing.Contracts;

namespace Flannel.Testing;

public abstract partial class LeaseStoreContract
{
    // A machine that stands still for longer than an entry lives says nothing about the store.
    private const int MaxAttempts = 10;

    private static readonly TimeSpan LookPause = TimeSpan.FromMilliseconds(100);

    private static ContractCase<LeaseStoreContract>[] Ending =>
    [
        new(
            "TimeToLive_Passed_EndsTheEntryAndWatchersLearn",
            "An entry whose time is over is gone, which is a change with a revision, told to watchers as a deletion.",
            static store => store.EndsEntries()),
        new(
            "TimeToLive_RenewedInTime_StartsAnew",
            "A renewal in time restarts the time to live, any number of times.",
            static store => store.RenewsInTime()),
        new(
            "TimeToLive_UpdatedInTime_StartsAnew",
            "An update in time restarts the time to live; the entry ends when that one is over.",
            static store => store.UpdatesInTime()),
        new(
            "TimeToLive_UpdatedReservation_NeverEnds",
            "An update of a reservation leaves it one.",
            static store => store.KeepsReservations()),
    ];

    private async Task EndsEntries()
    {
        StoredEntry entry = await CreateAsync(timeToLive: TimeToLive);
        await using StoreFollower follower = Follow(new StoreSnapshot([entry], entry.ModRevision));
        await PassTimeAsync(TimeToLive * 2);
        await EndedAsync(follower);
        Expect.That(follower.Revision > entry.ModRevision, "The end of the entry has no new revision.");
        Same(null, await FindAsync(), "The entry after its time");
        StoredEntry next = await CreateAsync();
        Expect.That(next.CreateRevision > follower.Revision, $"The next entry has revision {next.CreateRevision}, this end {follower.Revision}.");
    }

    private Task RenewsInTime() => InTimeAsync(async write =>
    {
        StoredEntry entry = await write(() => Store.CreateAsync(Key, Bytes("{}"), TimeToLive, CancellationToken.None));
        for (int i = 0; i < 3; i++)
        {
            await PassTimeAsync(TimeToLive * 0.6);
            entry = await write(() => Store.RenewAsync(entry, TimeToLive, CancellationToken.None));
        }

        Same(entry, await FindAsync(), "The entry that was renewed in time");
    });

    private Task UpdatesInTime() => InTimeAsync(async write =>
    {
        StoredEntry entry = await write(() => Store.CreateAsync(Key, Bytes("{}"), TimeToLive, CancellationToken.None));
        await PassTimeAsync(TimeToLive * 0.6);
        entry = await write(() => Store.UpdateAsync(entry, Bytes("new"), TimeToLive, CancellationToken.None));
        await PassTimeAsync(TimeToLive * 0.6);
        Same(entry, await FindAsync(), "The entry that was updated in time");

        await using StoreFollower follower = await FollowAsync();
        await PassTimeAsync(TimeToLive * 1.4);
        await EndedAsync(follower);
    });

    private async Task KeepsReservations()
    {
        StoredEntry reservation = await ReserveAsync();
        StoredEntry updated = Written(
            await Store.UpdateAsync(reservation, Bytes("new"), TimeToLive, CancellationToken.None), "Updating a reservation");
        Expect.Same(false, updated.HasTimeToLive, "HasTimeToLive");
        await PassTimeAsync(TimeToLive * 2);
        Same(updated, await FindAsync(), "The reservation after the time to live of its update");
    }

    /// <summary>
    /// Reads on until the entry is gone. A store that looks every now and then, on a clock that stands still, needs more time to pass for that.
    /// </summary>
    private async Task EndedAsync(StoreFollower follower)
    {
        while (follower.Entries.ContainsKey(Key))
        {
            Task<StoreEvent> next = follower.NextAsync();
            while (await Task.WhenAny(next, Task.Delay(LookPause, TimeProvider.System, CancellationToken.None)) != next)
                await PassTimeAsync(TimeToLive);
            await next;
        }
    }

    /// <summary>Runs a case of an entry that lives on because it is written in time; if the machine was too slow for that, once more.</summary>
    private async Task InTimeAsync(Func<Func<Func<Task<StoreWriteResult>>, Task<StoredEntry>>, Task> run)
    {
        for (int left = MaxAttempts; ; left--)
        {
            bool wasLate = false;
            long written = TimeProvider.System.GetTimestamp();
            bool IsLate() => wasLate || TimeProvider.System.GetElapsedTime(written) >= TimeToLive;
            try
            {
                await run(async write =>
                {
                    long start = TimeProvider.System.GetTimestamp(); // the store counts from later on
                    StoredEntry entry = Written(await write(), "A write in time");
                    wasLate = IsLate();
                    written = start;
                    return entry;
                });
                return;
            }
            catch (Exception) when (left > 0 && IsLate())
            {
                if (await FindAsync() is { } entry) await Store.DeleteAsync(entry, CancellationToken.None);
            }
        }
    }
}

using Flannel.Extensibility;
using Xunit;

namespace Flannel.Testing.Stores;

public abstract partial class LeaseStoreContract
{
    [SkippableFact]
    public async Task Watch_Changes_ArriveOnceInOrderWithTheirEntries()
    {
        await using StoreWatch watch = StoreWatch.Open(Store, (await ListAsync()).Revision);

        StoredEntry created = await CreateAsync(value: "old");
        StoredEntry updated = await UpdateAsync(created, "new");
        await DeleteAsync(updated);
        StoredEntry reserved = await ReserveAsync();

        IReadOnlyList<StoreChange> changes = await watch.NextChangesAsync(4);
        Assert.All(changes, change => Assert.Equal(Key, change.Key));
        AssertSame(created, changes[0].Entry);
        AssertSame(updated, changes[1].Entry);
        Assert.Null(changes[2].Entry);
        AssertSame(reserved, changes[3].Entry);
        Assert.Equal(reserved.ModRevision, watch.Revision);
        Assert.False(watch.HasNext);
    }

    [SkippableFact]
    public async Task Watch_FromAnOlderRevision_DeliversWhatHappenedSince()
    {
        StoredEntry known = await CreateAsync("10.5.1.0-24");
        StoredEntry missed = await CreateAsync("10.5.2.0-24");

        await using StoreWatch watch = StoreWatch.Open(Store, known.ModRevision);

        AssertSame(missed, Assert.Single(await watch.NextChangesAsync(1)).Entry);
    }

    [SkippableFact]
    public async Task Watch_ResumedAfterTheLastItem_LosesAndRepeatsNothing()
    {
        long revision = (await ListAsync()).Revision;
        var seen = new List<string>();
        for (int i = 0; i < 10; i++)
        {
            await CreateAsync($"10.5.{2 * i}.0-24");
            await using StoreWatch watch = StoreWatch.Open(Store, revision);
            seen.AddRange((await watch.NextChangesAsync(i == 0 ? 1 : 2)).Select(change => change.Key));
            revision = watch.Revision;
            await CreateAsync($"10.5.{(2 * i) + 1}.0-24");
        }

        Assert.Equal(Enumerable.Range(0, 19).Select(i => $"10.5.{i}.0-24"), seen);
    }

    [SkippableFact]
    public async Task Watch_ManyWritersAndWatchers_EveryWatcherSeesEveryChangeInTheSameOrder()
    {
        const int Writers = 8, Writes = 30, Watchers = 8;
        long start = (await ListAsync()).Revision;
        StoreWatch[] watches = [.. Enumerable.Range(0, Watchers).Select(_ => StoreWatch.Open(Store, start))];

        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            StoredEntry entry = await CreateAsync($"10.5.{writer}.0-24");
            for (int i = 1; i < Writes; i++)
                entry = await UpdateAsync(entry, $"{i}");
        })));

        foreach (StoreWatch watch in watches)
        {
            IReadOnlyList<StoreChange> changes = await watch.NextChangesAsync(Writers * Writes);
            Assert.Equal(Enumerable.Range(1, Writers * Writes).Select(i => start + i), changes.Select(change => change.Entry!.ModRevision));
            await watch.DisposeAsync();
        }
    }

    [SkippableFact]
    public async Task Watch_FromAListTakenAmidWrites_HasNoSeam()
    {
        Task writers = Task.WhenAll(Enumerable.Range(0, 4).Select(writer => Task.Run(async () =>
        {
            for (int i = 0; i < 300; i++)
            {
                StoredEntry entry = await CreateAsync($"10.{writer}.{i}.0-24");
                if (i % 3 == 0)
                    entry = await UpdateAsync(entry, "updated");
                if (i % 5 != 0)
                    await DeleteAsync(entry);
                await Task.Yield();
            }
        })));

        for (int round = 0; round < 10 || !writers.IsCompleted; round++)
        {
            StoreSnapshot list = await ListAsync();
            await using StoreWatch watch = StoreWatch.Open(Store, list.Revision);
            Dictionary<string, long> state = list.Entries.ToDictionary(entry => entry.Key, entry => entry.ModRevision);
            StoreSnapshot later = await ListAsync();
            while (watch.Revision < later.Revision)
                Apply(state, await watch.NextAsync());
            later = await ListAsync(watch.Revision);
            Assert.Equal(later.Entries.ToDictionary(entry => entry.Key, entry => entry.ModRevision).Order(Comparer), state.Order(Comparer));
        }

        await writers;
    }

    private static readonly Comparer<KeyValuePair<string, long>> Comparer =
        Comparer<KeyValuePair<string, long>>.Create((left, right) => string.CompareOrdinal(left.Key, right.Key));

    private static void Apply(Dictionary<string, long> state, StoreEvent item)
    {
        foreach (StoreChange change in Assert.IsType<StoreChanges>(item).Changes)
        {
            if (change.Entry is { } entry)
                state[change.Key] = entry.ModRevision;
            else
                Assert.True(state.Remove(change.Key), $"{change.Key} was deleted twice, or its creation was lost.");
        }
    }

    [SkippableFact]
    public async Task Watch_CompactedWhileAway_StartsWithOneSnapshot()
    {
        StoredEntry known = await CreateAsync("10.5.1.0-24");
        StoredEntry kept = await UpdateAsync(await CreateAsync("10.5.2.0-24"), "missed");
        await DeleteAsync(known);
        long newest = (await ListAsync()).Revision;
        await CompactAsync(newest);

        await using StoreWatch watch = StoreWatch.Open(Store, known.ModRevision);

        var snapshot = Assert.IsType<StoreSnapshot>(await watch.NextAsync());
        Assert.Equal(newest, snapshot.Revision);
        AssertSame(kept, Assert.Single(snapshot.Entries));
        StoredEntry next = await CreateAsync("10.5.3.0-24");
        AssertSame(next, Assert.Single(await watch.NextChangesAsync(1)).Entry);
    }

    [SkippableFact]
    public async Task Watch_FromTheRevisionBeforeTheCompactedOne_MissesNothing()
    {
        StoredEntry known = await CreateAsync();
        StoredEntry missed = await UpdateAsync(known, "missed");
        await CompactAsync(missed.ModRevision);

        await using StoreWatch watch = StoreWatch.Open(Store, known.ModRevision);

        // The newest revision may have been kept or not: either way its state arrives first.
        StoredEntry? first = await watch.NextAsync() switch
        {
            StoreSnapshot snapshot => Assert.Single(snapshot.Entries),
            StoreChanges changes => Assert.Single(changes.Changes).Entry,
            _ => null,
        };
        AssertSame(missed, first);
    }

    [SkippableFact]
    public async Task Watch_FromTheCompactedRevisionItself_NeedsNoSnapshot()
    {
        StoredEntry known = await CreateAsync();
        await CompactAsync(known.ModRevision);

        await using StoreWatch watch = StoreWatch.Open(Store, known.ModRevision);

        StoredEntry next = await CreateAsync("10.5.2.0-24");
        AssertSame(next, Assert.Single(await watch.NextChangesAsync(1)).Entry);
    }

    [SkippableFact]
    public async Task Watch_CompactedWhileOpen_GoesOn()
    {
        StoredEntry first = await CreateAsync("10.5.1.0-24");
        await using StoreWatch watch = StoreWatch.Open(Store, first.ModRevision);
        StoredEntry second = await CreateAsync("10.5.2.0-24");
        AssertSame(second, Assert.Single(await watch.NextChangesAsync(1)).Entry);

        await CompactAsync(second.ModRevision);

        StoredEntry third = await CreateAsync("10.5.3.0-24");
        AssertSame(third, Assert.Single(await watch.NextChangesAsync(1)).Entry);
    }

    [SkippableFact]
    public async Task Watch_ByAnOperatorWrittenEntry_IsDeliveredVerbatim()
    {
        await using StoreWatch watch = StoreWatch.Open(Store, (await ListAsync()).Revision);

        await PutAsync("not-a-subnet", "{ corrupt");

        StoreChange change = Assert.Single(await watch.NextChangesAsync(1));
        Assert.Equal(("not-a-subnet", "{ corrupt"), (change.Key, Text(change.Entry)));
    }

    [SkippableFact]
    public async Task Watch_Cancelled_Ends()
    {
        using var stop = new CancellationTokenSource();
        await using IAsyncEnumerator<StoreEvent> items = Store.WatchAsync(0, stop.Token).GetAsyncEnumerator(CancellationToken.None);
        await CreateAsync();
        Assert.True(await items.MoveNextAsync());

        Task<bool> next = items.MoveNextAsync().AsTask();
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next.WaitAsync(TimeSpan.FromSeconds(30)));
    }
}

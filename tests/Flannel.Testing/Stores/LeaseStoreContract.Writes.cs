using System.Text;
using Flannel.Extensibility;
using Xunit;

namespace Flannel.Testing.Stores;

public abstract partial class LeaseStoreContract
{
    [SkippableFact]
    public async Task Create_FreeKey_WritesEntryAtTheNextRevision()
    {
        long before = (await ListAsync()).Revision;

        StoredEntry entry = await CreateAsync(value: "document");

        Assert.Equal((Key, "document", before + 1, before + 1, true), (entry.Key, Text(entry), entry.CreateRevision, entry.ModRevision, entry.HasTimeToLive));
        AssertSame(entry, await FindAsync());
    }

    [SkippableFact]
    public async Task Create_TakenKey_IsRefusedAndReturnsTheHolder()
    {
        StoredEntry holder = await CreateAsync(value: "holder");

        StoreWriteResult result = await Store.CreateAsync(Key, Bytes("late"), TimeToLive, CancellationToken.None);

        Assert.False(result.Succeeded);
        AssertSame(holder, result.Entry);
        AssertSame(holder, await FindAsync());
        Assert.Equal(holder.ModRevision, (await ListAsync()).Revision);
    }

    [SkippableFact]
    public async Task Create_WithoutTimeToLive_IsAReservation() => Assert.False((await ReserveAsync()).HasTimeToLive);

    [SkippableFact]
    public async Task Create_CallersBufferChangesLater_EntryDoesNot()
    {
        byte[] buffer = Encoding.UTF8.GetBytes("document");
        await Store.CreateAsync(Key, buffer, null, CancellationToken.None);

        buffer.AsSpan().Clear();

        Assert.Equal("document", Text(await FindAsync()));
    }

    [SkippableFact]
    public async Task Create_KeyThatWasDeleted_StartsANewLife()
    {
        StoredEntry first = await CreateAsync();
        await DeleteAsync(first);

        StoredEntry second = await CreateAsync();

        Assert.True(second.CreateRevision > first.CreateRevision);
        Assert.Equal(second.CreateRevision, second.ModRevision);
    }

    [SkippableFact]
    public async Task Create_SameKeyInParallel_ExactlyOneWins()
    {
        for (int round = 0; round < 20; round++)
        {
            string key = $"10.5.{round}.0-24";
            StoreWriteResult[] results = await Task.WhenAll(Enumerable.Range(0, 8).Select(
                node => Task.Run(() => Store.CreateAsync(key, Bytes($"node {node}"), TimeSpan.FromHours(1), CancellationToken.None))));

            StoredEntry winner = Assert.Single(results, result => result.Succeeded).Entry!;
            Assert.All(results, result => AssertSame(winner, result.Entry));
            AssertSame(winner, await FindAsync(key));
        }
    }

    [SkippableFact]
    public async Task Update_EntryAsSeen_ReplacesTheDocument()
    {
        StoredEntry entry = await CreateAsync(value: "old");

        StoredEntry updated = await UpdateAsync(entry, "new");

        Assert.Equal(
            (Key, "new", entry.CreateRevision, entry.ModRevision + 1, true),
            (updated.Key, Text(updated), updated.CreateRevision, updated.ModRevision, updated.HasTimeToLive));
        AssertSame(updated, await FindAsync());
    }

    [SkippableFact]
    public async Task Update_EntryChangedMeanwhile_IsRefusedAndReturnsWhatIsThere()
    {
        StoredEntry seen = await CreateAsync(value: "old");
        StoredEntry newer = await UpdateAsync(seen, "newer");

        StoreWriteResult result = await Store.UpdateAsync(seen, Bytes("stale"), TimeToLive, CancellationToken.None);

        Assert.False(result.Succeeded);
        AssertSame(newer, result.Entry);
        AssertSame(newer, await FindAsync());
    }

    [SkippableFact]
    public async Task Update_EntryDeletedAndCreatedAgain_IsRefused()
    {
        StoredEntry seen = await CreateAsync(value: "same");
        await DeleteAsync(seen);
        StoredEntry other = await CreateAsync(value: "same");

        StoreWriteResult result = await Store.UpdateAsync(seen, Bytes("stale"), TimeToLive, CancellationToken.None);

        Assert.False(result.Succeeded);
        AssertSame(other, result.Entry);
    }

    [SkippableFact]
    public async Task Update_NoEntry_IsRefused()
    {
        StoredEntry seen = await CreateAsync();
        await DeleteAsync(seen);

        Assert.Equal(new StoreWriteResult(false, null), await Store.UpdateAsync(seen, Bytes("stale"), TimeToLive, CancellationToken.None));
        Assert.Null(await FindAsync());
    }

    [SkippableFact]
    public async Task Update_SameEntryInParallel_ExactlyOneWins()
    {
        StoredEntry seen = await CreateAsync();

        StoreWriteResult[] results = await Task.WhenAll(Enumerable.Range(0, 8).Select(
            node => Task.Run(() => Store.UpdateAsync(seen, Bytes($"node {node}"), TimeSpan.FromHours(1), CancellationToken.None))));

        StoredEntry winner = Assert.Single(results, result => result.Succeeded).Entry!;
        AssertSame(winner, await FindAsync());
        Assert.Equal(seen.ModRevision + 1, winner.ModRevision);
    }

    [SkippableFact]
    public async Task Update_Reservation_StaysOne()
    {
        StoredEntry updated = await UpdateAsync(await ReserveAsync(), "new");

        Assert.False(updated.HasTimeToLive);
        await PassTimeAsync(TimeToLive * 2);
        AssertSame(updated, await FindAsync());
    }

    [SkippableFact]
    public async Task Renew_EntryAsSeen_KeepsDocumentAndCreation()
    {
        StoredEntry entry = await CreateAsync(value: "document");

        StoreWriteResult result = await Store.RenewAsync(entry, TimeSpan.FromHours(1), CancellationToken.None);

        Assert.True(result.Succeeded);
        Assert.Equal((Key, "document", entry.CreateRevision, true), (result.Entry!.Key, Text(result.Entry), result.Entry.CreateRevision, result.Entry.HasTimeToLive));
        AssertSame(result.Entry, await FindAsync());
    }

    [SkippableFact]
    public async Task Renew_EntryChangedMeanwhile_IsRefusedAndReturnsWhatIsThere()
    {
        StoredEntry seen = await CreateAsync();
        StoredEntry newer = await UpdateAsync(seen, "newer");

        StoreWriteResult result = await Store.RenewAsync(seen, TimeToLive, CancellationToken.None);

        Assert.False(result.Succeeded);
        AssertSame(newer, result.Entry);
    }

    [SkippableFact]
    public async Task Renew_NoEntry_IsRefused()
    {
        StoredEntry seen = await CreateAsync();
        await DeleteAsync(seen);

        Assert.Equal(new StoreWriteResult(false, null), await Store.RenewAsync(seen, TimeToLive, CancellationToken.None));
        Assert.Null(await FindAsync());
    }

    [SkippableFact]
    public async Task Renew_Reservation_OnlyChecksThatItIsThere()
    {
        StoredEntry reservation = await ReserveAsync();

        StoreWriteResult result = await Store.RenewAsync(reservation, TimeToLive, CancellationToken.None);

        Assert.True(result.Succeeded);
        AssertSame(reservation, result.Entry);
        await PassTimeAsync(TimeToLive * 2);
        AssertSame(reservation, await FindAsync());
    }

    [SkippableFact]
    public async Task Delete_EntryAsSeen_RemovesIt()
    {
        StoredEntry entry = await CreateAsync();

        Assert.True((await Store.DeleteAsync(entry, CancellationToken.None)).Succeeded);

        Assert.Null(await FindAsync());
        Assert.Equal(entry.ModRevision + 1, (await ListAsync()).Revision);
    }

    [SkippableFact]
    public async Task Delete_EntryChangedMeanwhile_IsRefusedAndReturnsWhatIsThere()
    {
        StoredEntry seen = await CreateAsync();
        StoredEntry newer = await UpdateAsync(seen, "newer");

        StoreWriteResult result = await Store.DeleteAsync(seen, CancellationToken.None);

        Assert.False(result.Succeeded);
        AssertSame(newer, result.Entry);
        AssertSame(newer, await FindAsync());
    }

    [SkippableFact]
    public async Task Delete_NoEntry_IsRefused()
    {
        StoredEntry seen = await CreateAsync();
        await DeleteAsync(seen);

        Assert.Equal(new StoreWriteResult(false, null), await Store.DeleteAsync(seen, CancellationToken.None));
    }

    [SkippableFact]
    public async Task TimeToLive_Passed_EndsTheEntryAndWatchersLearn()
    {
        StoredEntry entry = await CreateAsync(timeToLive: TimeToLive);
        await using StoreWatch watch = StoreWatch.Open(Store, entry.ModRevision);

        await PassTimeAsync(TimeToLive * 2);

        Assert.Equal(new StoreChange(Key, null), Assert.Single(await watch.NextChangesAsync(1)));
        Assert.Null(await FindAsync());
        await CreateAsync();
    }

    [SkippableFact]
    public Task TimeToLive_RenewedInTime_StartsAnew() => InTimeAsync(async write =>
    {
        StoredEntry entry = await write(() => Store.CreateAsync(Key, Bytes("{}"), TimeToLive, CancellationToken.None));

        for (int i = 0; i < 3; i++)
        {
            await PassTimeAsync(TimeToLive * 0.6);
            entry = await write(() => Store.RenewAsync(entry, TimeToLive, CancellationToken.None));
        }

        AssertSame(entry, await FindAsync());
    });

    [SkippableFact]
    public Task TimeToLive_UpdatedInTime_StartsAnew() => InTimeAsync(async write =>
    {
        StoredEntry entry = await write(() => Store.CreateAsync(Key, Bytes("{}"), TimeToLive, CancellationToken.None));
        await PassTimeAsync(TimeToLive * 0.6);

        entry = await write(() => Store.UpdateAsync(entry, Bytes("new"), TimeToLive, CancellationToken.None));

        await PassTimeAsync(TimeToLive * 0.6);
        AssertSame(entry, await FindAsync());
        await using StoreWatch watch = StoreWatch.Open(Store, entry.ModRevision);
        await PassTimeAsync(TimeToLive * 1.4);
        Assert.Equal(new StoreChange(Key, null), Assert.Single(await watch.NextChangesAsync(1)));
    });

    /// <summary>
    /// Runs a test of an entry that lives on because it is written in time. A machine that stands still for longer than the entry lives says nothing about
    /// the store: then the test runs once more.
    /// </summary>
    /// <param name="test">The test; gets what it writes with.</param>
    private async Task InTimeAsync(Func<Func<Func<Task<StoreWriteResult>>, Task<StoredEntry>>, Task> test)
    {
        for (int left = 10; ; left--)
        {
            bool wasLate = false;
            long written = TimeProvider.System.GetTimestamp();
            bool IsLate() => wasLate || TimeProvider.System.GetElapsedTime(written) >= TimeToLive;
            try
            {
                await test(async write =>
                {
                    long start = TimeProvider.System.GetTimestamp(); // the store counts from later on
                    StoreWriteResult result = await write();
                    Assert.True(result.Succeeded);
                    wasLate = IsLate();
                    written = start;
                    return result.Entry!;
                });
                return;
            }
            catch (Exception) when (left > 0 && IsLate())
            {
                if (await FindAsync() is { } entry)
                    await Store.DeleteAsync(entry, CancellationToken.None);
            }
        }
    }
}

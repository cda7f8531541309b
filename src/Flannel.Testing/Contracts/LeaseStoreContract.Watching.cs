using Flannel.Extensibility;
using Flannel.Testing.Contracts;

namespace Flannel.Testing;

public abstract partial class LeaseStoreContract
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(2);

    private static ContractCase<LeaseStoreContract>[] Watching =>
    [
        new(
            "Watch_Changes_LeadToWhatIsListed",
            "Whoever takes a listing and applies what a watch delivers knows what another listing shows.",
            static store => store.FollowsChanges()),
        new(
            "Watch_EachChange_IsToldByItself",
            "A watch that has caught up tells every change that follows: created, updated, deleted.",
            static store => store.TellsEachChange()),
        new(
            "Watch_FromAnOlderRevision_MissesNothing",
            "A watch from an older revision delivers what happened since, as changes or as a snapshot.",
            static store => store.CatchesUp()),
        new(
            "Watch_ResumedAfterTheLastItem_LosesNothing",
            "A watch may end and be opened again after the revision of its last item.",
            static store => store.Resumes()),
        new(
            "Watch_FromAListTakenAmidWrites_HasNoSeam",
            "Between a listing and the watch from its revision nothing is lost, whatever is written meanwhile.",
            static store => store.HasNoSeam()),
        new(
            "Watch_ManyWritersAndWatchers_AllKnowTheSame",
            "All watches come to the same entries as a listing, however many write.",
            static store => store.ServesMany()),
        new(
            "Watch_ByAnOperatorWrittenEntry_IsDeliveredVerbatim",
            "Keys and documents need not make sense to be delivered.",
            static store => store.TellsNonsense()),
        new(
            "Watch_ConfigAlonePut_IsTold",
            "Watches tell that the configuration was put.",
            static store => store.TellsTheConfig()),
        new(
            "Watch_ConfigRemoved_IsTold",
            "Watches tell that the configuration was removed, and that it is back.",
            static store => store.TellsThatTheConfigIsGone()),
        new(
            "Watch_ConfigPutWhileAway_IsTold",
            "A configuration that was put before a watch was opened, but after its revision, is delivered.",
            static store => store.TellsAMissedConfig()),
        new(
            "Watch_Cancelled_Ends",
            "A watch whose token is cancelled ends by an OperationCanceledException, also while it waits.",
            static store => store.EndsWatches()),
        new(
            "Watch_ConnectionsReset_GoesOnOrFailsTransiently",
            "After ResetConnections an open watch goes on or fails by a transient StoreException; it never falls silent.",
            static store => store.KeepsWatchesThroughResets()),
    ];

    private async Task FollowsChanges()
    {
        await using StoreFollower follower = await FollowAsync();
        StoredEntry gone = await UpdateAsync(await CreateAsync(), "new");
        await ReserveAsync("10.5.2.0-24");
        await SetConfigAsync("config");
        await DeleteAsync(gone);
        await CreateAsync("10.5.3.0-24");
        await ReachedAsync(follower);
    }

    private async Task TellsEachChange()
    {
        await using StoreFollower follower = await FollowAsync();
        StoredEntry entry = await CreateAsync(value: "old");
        await ReachedAsync(follower);
        Same(entry, follower.Entries.GetValueOrDefault(Key), "The entry as delivered when it was created");
        entry = await UpdateAsync(entry, "new");
        await ReachedAsync(follower);
        Same(entry, follower.Entries.GetValueOrDefault(Key), "The entry as delivered when it was updated");
        await DeleteAsync(entry);
        await ReachedAsync(follower);
        Expect.Same(0, follower.Entries.Count, "The number of entries as delivered when the only one was deleted");
    }

    private async Task CatchesUp()
    {
        StoredEntry known = await CreateAsync("10.5.1.0-24");
        StoreSnapshot then = await ListAsync();
        await CreateAsync("10.5.2.0-24");
        await DeleteAsync(known);

        await using StoreFollower follower = Follow(then);
        await ReachedAsync(follower);
    }

    private async Task Resumes()
    {
        StoreSnapshot known = await ListAsync();
        for (int i = 0; i < 10; i++)
        {
            await CreateAsync($"10.5.{2 * i}.0-24");
            await using StoreFollower follower = Follow(known);
            await ReachedAsync(follower);
            known = new StoreSnapshot([.. follower.Entries.Values], follower.Revision);

            await CreateAsync($"10.5.{(2 * i) + 1}.0-24");
        }
    }

    private async Task HasNoSeam()
    {
        Task writers = Task.WhenAll(Enumerable.Range(0, 4).Select(writer => Task.Run(async () =>
        {
            for (int i = 0; i < 60; i++)
            {
                StoredEntry entry = await CreateAsync($"10.{writer}.{i}.0-24");
                if (i % 3 == 0) entry = await UpdateAsync(entry, "updated");
                if (i % 5 != 0) await DeleteAsync(entry);
            }
        })));
        var followers = new List<StoreFollower>();
        try
        {
            while (!writers.IsCompleted)
            {
                followers.Add(await FollowAsync());
                await Task.Delay(Pause, TimeProvider.System, CancellationToken.None);
            }

            await writers;
            await CreateAsync("10.9.0.0-24"); // so that every watch has something to tell
            foreach (StoreFollower follower in followers) await ReachedAsync(follower);
        }
        finally
        {
            foreach (StoreFollower follower in followers) await follower.DisposeAsync();
        }
    }

    private async Task ServesMany()
    {
        const int Writers = 8, Writes = 20, Watchers = 8;
        StoreSnapshot start = await ListAsync();
        StoreFollower[] followers = [.. Enumerable.Range(0, Watchers).Select(_ => Follow(start))];
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            StoredEntry entry = await CreateAsync($"10.5.{writer}.0-24");
            for (int i = 1; i < Writes; i++) entry = await UpdateAsync(entry, $"{i}");
        })));
        foreach (StoreFollower follower in followers)
        {
            await ReachedAsync(follower);
            await follower.DisposeAsync();
        }
    }

    private async Task TellsNonsense()
    {
        await using StoreFollower follower = await FollowAsync();
        await PutAsync("not-a-subnet", "{ corrupt");
        await ReachedAsync(follower);
        Expect.Same("{ corrupt", Text(follower.Entries.GetValueOrDefault("not-a-subnet")?.Value), "The document that was delivered");
    }

    private async Task TellsTheConfig()
    {
        await using StoreFollower follower = await FollowAsync();
        await SetConfigAsync("first");
        await ReachedAsync(follower);
        Expect.Same("first", Text(follower.Config), "The configuration that was delivered");
        await SetConfigAsync("second");
        await ReachedAsync(follower);
        Expect.Same("second", Text(follower.Config), "The configuration that was delivered");
    }

    private async Task TellsThatTheConfigIsGone()
    {
        await SetConfigAsync("gone");
        await using StoreFollower follower = await FollowAsync();
        await SetConfigAsync(null);
        await ReachedAsync(follower);
        Expect.Same(null, Text(follower.Config), "The configuration that was delivered");
        await SetConfigAsync("back");
        await ReachedAsync(follower);
        Expect.Same("back", Text(follower.Config), "The configuration that was delivered");
    }

    private async Task TellsAMissedConfig()
    {
        await SetConfigAsync("known");
        StoreSnapshot then = await ListAsync();
        await SetConfigAsync("missed");
        await CreateAsync();
        await using StoreFollower follower = Follow(then);
        await ReachedAsync(follower);
    }

    private async Task EndsWatches()
    {
        using var stop = new CancellationTokenSource();
        long revision = (await ListAsync()).Revision;
        IAsyncEnumerator<StoreEvent> items = Store.WatchAsync(revision, stop.Token).GetAsyncEnumerator(CancellationToken.None);
        Task<bool> next = items.MoveNextAsync().AsTask();
        await CreateAsync();
        await Expect.InTimeAsync(next, "The first item of the watch", Patience);
        await stop.CancelAsync();
        await Expect.ThrowsAsync<OperationCanceledException>(
            async () =>
            {
                while (await items.MoveNextAsync())
                {
                    // What was on its way may still come.
                }
            },
            "A watch that is cancelled",
            Patience);
        await items.DisposeAsync();
    }

    private async Task KeepsWatchesThroughResets()
    {
        StoredEntry entry = await CreateAsync();
        await using StoreFollower follower = await FollowAsync();
        Task<StoreEvent> next = follower.NextAsync();
        Store.ResetConnections();
        StoreSnapshot known = await ListAsync();
        await UpdateAsync(entry, "after");
        try
        {
            await next;
            await ReachedAsync(follower);
        }
        catch (StoreException error)
        {
            Expect.That(error.IsTransient, $"The watch failed for good: {error.Message}");
            await using StoreFollower again = Follow(known);
            await ReachedAsync(again);
        }
    }

    /// <summary>Reads on until the newest revision, and expects what is listed there.</summary>
    private async Task ReachedAsync(StoreFollower follower)
    {
        StoreSnapshot newest = await ListAsync();
        await follower.ReachAsync(newest.Revision);
        // Somebody else's write, as of an expiry, may have come in between.
        if (follower.Revision > newest.Revision) newest = await ListAsync();
        Same(newest, follower, "What a watch led to");
    }
}

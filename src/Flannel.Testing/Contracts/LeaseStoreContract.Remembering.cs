using Flannel.Extensibility;
using Flannel.Testing.Contracts;

namespace Flannel.Testing;

public abstract partial class LeaseStoreContract
{
    private static ContractCase<LeaseStoreContract>[] Remembering =>
    [
        new(
            "History_PastRevision_ShowsTheStoreAsItWas",
            "A listing of a past revision shows the entries and the configuration as they were.",
            static store => store.ListsThePast()),
        new(
            "History_CompactedRevision_ThrowsLastingError",
            "A listing of a revision that was forgotten fails by a StoreException that is not transient.",
            static store => store.RefusesTheForgotten()),
        new(
            "History_Changes_ArriveOnceInOrderWithTheirEntries",
            "A watch delivers every single change once, in the order of the revisions.",
            static store => store.TellsEveryChange()),
        new(
            "History_ManyWritersAndWatchers_EveryWatcherSeesEveryChangeInTheSameOrder",
            "All watches deliver the same changes in the same order.",
            static store => store.TellsEverybodyAlike()),
        new(
            "History_Resumed_LosesAndRepeatsNothing",
            "A watch that is opened again after its last item repeats nothing.",
            static store => store.RepeatsNothing()),
        new(
            "History_ConfigPutsAmongChanges_ArriveInTheirOrder",
            "An item holds the last configuration that was put in the revisions it spans, and no older one.",
            static store => store.TellsConfigsInOrder()),
        new(
            "History_CompactedWhileAway_StartsWithOneSnapshot",
            "A watch from a revision that was forgotten begins with one snapshot and goes on with changes.",
            static store => store.BeginsWithASnapshot()),
        new(
            "History_FromTheRevisionBeforeTheCompactedOne_MissesNothing",
            "At the edge of what was forgotten nothing is lost.",
            static store => store.KeepsTheEdge()),
        new(
            "History_FromTheCompactedRevisionItself_NeedsNoSnapshot",
            "A watch from the oldest revision that is remembered delivers changes.",
            static store => store.NeedsNoSnapshot()),
        new(
            "History_CompactedWhileOpen_GoesOn",
            "A watch that has caught up does not notice that the past was forgotten.",
            static store => store.GoesOn()),
    ];

    private async Task ListsThePast()
    {
        long none = (await ListAsync()).Revision;
        await SetConfigAsync("old");
        StoredEntry kept = await CreateAsync("10.5.1.0-24", "old");
        StoredEntry deleted = await ReserveAsync("10.5.2.0-24", "deleted later");
        long then = (await ListAsync()).Revision;
        await UpdateAsync(kept, "new");
        await DeleteAsync(deleted);
        await CreateAsync("10.5.3.0-24", "created later");
        await SetConfigAsync(null);

        StoreSnapshot past = await ListAsync(then);

        Expect.Same((then, "old"), (past.Revision, Text(past.Config)), "The revision and the configuration");
        Expect.SameSet([Values(kept), Values(deleted)], past.Entries.Select(static entry => Values(entry)), "The entries");
        StoreSnapshot first = await ListAsync(none);
        Expect.Same((0, null), (first.Entries.Count, Text(first.Config)), "The number of entries and the configuration before the first write");
    }

    private async Task RefusesTheForgotten()
    {
        StoredEntry first = await CreateAsync();
        StoredEntry second = await UpdateAsync(first, "second");
        await CompactAsync(second.ModRevision);

        StoreException error = await Expect.ThrowsAsync<StoreException>(() => ListAsync(first.ModRevision), "Listing what was forgotten", Patience);

        Expect.That(!error.IsTransient, "The error is transient.");
        Expect.That(error.Kind == StoreErrorKind.Compacted, $"The error's kind is {error.Kind}, not {StoreErrorKind.Compacted}.");
        StoreSnapshot oldest = await ListAsync(second.ModRevision);
        Expect.SameSet([Values(second)], oldest.Entries.Select(static entry => Values(entry)), "The entries at the oldest revision");
    }

    private async Task TellsEveryChange()
    {
        await using StoreFollower follower = await FollowAsync();
        StoredEntry created = await CreateAsync(value: "old");
        StoredEntry updated = await UpdateAsync(created, "new");
        await DeleteAsync(updated);
        StoredEntry reserved = await ReserveAsync();
        await follower.ReachAsync(reserved.ModRevision);
        Expected(follower.Changes, created, updated, null, reserved);
        Expect.That(!follower.HasNews, "More than the changes came.");
    }

    private async Task TellsEverybodyAlike()
    {
        const int Writers = 8, Writes = 30, Watchers = 8;
        StoreSnapshot start = await ListAsync();
        StoreFollower[] followers = [.. Enumerable.Range(0, Watchers).Select(_ => Follow(start))];
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            StoredEntry entry = await CreateAsync($"10.5.{writer}.0-24");
            for (int i = 1; i < Writes; i++) entry = await UpdateAsync(entry, $"{i}");
        })));
        long last = (await ListAsync()).Revision;
        foreach (StoreFollower follower in followers)
        {
            await follower.ReachAsync(last);
            long[] revisions = [.. follower.Changes.Select(static change => change.Entry!.ModRevision)];
            Expect.Same(Writers * Writes, revisions.Distinct().Count(), "The number of changes");
            Expect.That(revisions.SequenceEqual(revisions.Order()), "The changes are not in the order of their revisions.");
            await follower.DisposeAsync();
        }
    }

    private async Task RepeatsNothing()
    {
        StoreSnapshot known = await ListAsync();
        var seen = new List<string>();
        for (int i = 0; i < 10; i++)
        {
            StoredEntry last = await CreateAsync($"10.5.{2 * i}.0-24");
            await using StoreFollower follower = Follow(known);
            await follower.ReachAsync(last.ModRevision);
            seen.AddRange(follower.Changes.Select(static change => change.Key));
            known = new StoreSnapshot([.. follower.Entries.Values], follower.Revision);

            await CreateAsync($"10.5.{(2 * i) + 1}.0-24");
        }

        string[] expected = [.. Enumerable.Range(0, 19).Select(static i => $"10.5.{i}.0-24")];
        Expect.That(expected.SequenceEqual(seen), $"Expected 19 changes in order, got [{string.Join(", ", seen)}].");
    }

    private async Task TellsConfigsInOrder()
    {
        var puts = new Dictionary<long, string>();
        await using StoreFollower follower = await FollowAsync();
        await PutAsync("one");
        await ReadAsync();
        StoredEntry first = await CreateAsync("10.5.2.0-24");
        await ReadAsync();
        await PutAsync("two");
        await PutAsync("two");
        StoredEntry second = await UpdateAsync(first, "new");
        await PutAsync("three");
        await ReadAsync();
        Expected(follower.Changes, first, second);

        async Task ReadAsync()
        {
            long newest = (await ListAsync()).Revision;
            while (follower.Revision < newest)
            {
                long seen = follower.Revision;
                StoreEvent item = await follower.NextAsync();
                Expect.That(item is StoreChanges, "A snapshot came although nothing was forgotten.");
                long[] spanned = [.. puts.Keys.Where(revision => revision > seen && revision <= item.Revision)];
                string? expected = spanned.Length > 0 ? puts[spanned.Max()] : null;
                Expect.Same(expected, Text(((StoreChanges)item).Config), $"The configuration in the item from revision {seen} to {item.Revision}");
            }
        }

        async Task PutAsync(string document)
        {
            await SetConfigAsync(document);
            puts.Add((await ListAsync()).Revision, document);
        }
    }

    private async Task BeginsWithASnapshot()
    {
        StoredEntry known = await CreateAsync("10.5.1.0-24");
        StoreSnapshot then = await ListAsync();
        await SetConfigAsync("missed");
        await UpdateAsync(await CreateAsync("10.5.2.0-24"), "missed");
        await DeleteAsync(known);
        await CompactAsync((await ListAsync()).Revision);

        await using StoreFollower follower = Follow(then);
        StoreEvent item = await follower.NextAsync();
        Expect.That(item is StoreSnapshot, $"The first item is no snapshot: {item.GetType().Name}.");
        await ReachedAsync(follower);
        StoredEntry next = await CreateAsync("10.5.3.0-24");
        await follower.ReachAsync(next.ModRevision);
        Expected(follower.Changes, next);
    }

    private async Task KeepsTheEdge()
    {
        StoredEntry known = await CreateAsync();
        StoreSnapshot then = await ListAsync();
        StoredEntry missed = await UpdateAsync(known, "missed");
        await CompactAsync(missed.ModRevision);
        await using StoreFollower follower = Follow(then);
        // The newest revision may have been kept or not: either way its state arrives.
        await ReachedAsync(follower);
    }

    private async Task NeedsNoSnapshot()
    {
        StoredEntry known = await CreateAsync();
        await CompactAsync(known.ModRevision);
        await using StoreFollower follower = await FollowAsync();
        StoredEntry next = await CreateAsync("10.5.2.0-24");
        await follower.ReachAsync(next.ModRevision);
        Expected(follower.Changes, next);
    }

    private async Task GoesOn()
    {
        await using StoreFollower follower = await FollowAsync();
        StoredEntry first = await CreateAsync("10.5.1.0-24");
        await follower.ReachAsync(first.ModRevision);
        await CompactAsync(first.ModRevision);
        StoredEntry second = await CreateAsync("10.5.2.0-24");
        await follower.ReachAsync(second.ModRevision);
        Expected(follower.Changes, first, second);
    }

    private static void Expected(List<StoreChange> changes, params StoredEntry?[] entries)
    {
        Expect.Same(entries.Length, changes.Count, "The number of changes that were delivered");
        for (int i = 0; i < entries.Length; i++) Same(entries[i], changes[i].Entry, $"Change {i + 1} of {entries.Length}");
    }
}

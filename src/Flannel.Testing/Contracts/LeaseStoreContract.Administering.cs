using Flannel.Extensibility;
using Flannel.Testing.Contracts;

namespace Flannel.Testing;

public abstract partial class LeaseStoreContract
{
    private static ContractCase<LeaseStoreContract>[] Administering =>
    [
        new(
            "Administration_ConfigWritten_IsListedAtItsRevision",
            "A configuration that is written is listed, with the revision that the write returned.",
            static store => store.ListsWhatWasWritten()),
        new(
            "Administration_ConfigOnlyIfThereIsNone_IsRefusedOnceThereIsOne",
            "Revision 0 stands for no configuration.",
            static store => store.WritesOverNothing()),
        new(
            "Administration_ConfigOfAnOlderRevision_IsRefused",
            "A configuration is written or deleted only if it is still the one that was expected; else what is there is returned.",
            static store => store.RefusesStaleConfigs()),
        new(
            "Administration_ConfigDeleted_LeavesNone",
            "A configuration can be deleted; afterwards none has any revision, and deleting none is no fault.",
            static store => store.DeletesTheConfig()),
        new(
            "Administration_ConfigWrittenInParallel_ExactlyOneWins",
            "Of many writes that expect the same revision one is carried out.",
            static store => store.LetsOneConfigWin()),
        new(
            "Administration_ConfigWatched_IsToldWithItsRevision",
            "A watch delivers a configuration with the revision that wrote it.",
            static store => store.TellsConfigRevisions()),
        new(
            "Administration_LeaseToReservation_NeverEndsAndKeepsItsDocument",
            "A lease without its time to live keeps document and life, has a new revision, and does not end.",
            static store => store.MakesReservations()),
        new(
            "Administration_ReservationToLease_Ends",
            "A reservation that is given a time to live ends by it.",
            static store => store.EndsReservations()),
        new(
            "Administration_ReservationThatShallStayOne_WritesNothing",
            "Making a reservation of a reservation changes no revision.",
            static store => store.LeavesReservations()),
        new(
            "Administration_TimeToLiveOfAnEntryChangedOrGone_IsRefused",
            "A time to live is changed only if the entry is still the one given.",
            static store => store.RefusesStaleTimes()),
        new(
            "Administration_TimesLeft_AreOfThoseThatEnd",
            "The time left is told of every key asked for that ends, and of no other.",
            static store => store.TellsTimesLeft()),
    ];

    private Task<StoreConfigResult> WriteConfigAsync(string? document, long? expected) =>
        Store.WriteConfigAsync(document is null ? default(ReadOnlyMemory<byte>?) : Bytes(document), expected, CancellationToken.None);

    private static void Same(string? document, long revision, StoreConfigResult result, bool succeeded, string what) =>
        Expect.Same((succeeded, document, revision), (result.Succeeded, Text(result.Document), result.Revision), what);

    private async Task<StoreConfigResult> WrittenAsync(string? document, long? expected)
    {
        StoreConfigResult result = await WriteConfigAsync(document, expected);
        Expect.That(result.Succeeded, $"Writing the configuration {document} was refused although its condition held.");
        return result;
    }

    private async Task ListsWhatWasWritten()
    {
        long before = (await ListAsync()).Revision;
        StoreConfigResult first = await WrittenAsync("first", null);
        StoreConfigResult second = await WrittenAsync("second", first.Revision);

        Expect.That(
            before < first.Revision && first.Revision < second.Revision,
            $"Two writes after {before} returned {first.Revision} and {second.Revision}.");
        StoreSnapshot listed = await ListAsync();
        Expect.Same(("second", second.Revision), (Text(listed.Config), listed.ConfigRevision), "The configuration as listed");
        await CreateAsync();
        Expect.Same(second.Revision, (await ListAsync()).ConfigRevision, "The revision of the configuration after another write");
    }

    private async Task WritesOverNothing()
    {
        StoreConfigResult first = await WrittenAsync("first", 0);
        Same("first", first.Revision, await WriteConfigAsync("late", 0), succeeded: false, "Writing over nothing although there is one");
        Expect.Same("first", Text((await ListAsync()).Config), "The configuration afterwards");
    }

    private async Task RefusesStaleConfigs()
    {
        await SetConfigAsync("seen");
        long seen = (await ListAsync()).ConfigRevision;
        StoreConfigResult newer = await WrittenAsync("newer", seen);

        Same("newer", newer.Revision, await WriteConfigAsync("stale", seen), succeeded: false, "Writing over an older revision");
        Same("newer", newer.Revision, await WriteConfigAsync(null, seen), succeeded: false, "Deleting an older revision");
        Expect.Same("newer", Text((await ListAsync()).Config), "The configuration afterwards");
    }

    private async Task DeletesTheConfig()
    {
        StoreConfigResult seen = await WrittenAsync("seen", null);
        Same(null, 0, await WriteConfigAsync(null, seen.Revision), succeeded: true, "Deleting the configuration");

        StoreSnapshot listed = await ListAsync();
        Expect.Same((null, 0L), (Text(listed.Config), listed.ConfigRevision), "The configuration as listed");
        Same(null, 0, await WriteConfigAsync("stale", seen.Revision), succeeded: false, "Writing over one that is gone");
        Same(null, 0, await WriteConfigAsync(null, null), succeeded: true, "Deleting none");
    }

    private async Task LetsOneConfigWin()
    {
        long seen = 0;
        for (int round = 0; round < 5; round++)
        {
            StoreConfigResult[] results =
                await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(() => WriteConfigAsync($"{round} {writer}", seen))));
            StoreConfigResult[] winners = [.. results.Where(static result => result.Succeeded)];
            Expect.Same(1, winners.Length, "How many of 8 writes of one revision were carried out");
            foreach (StoreConfigResult result in results)
                Same(Text(winners[0].Document), winners[0].Revision, result, result.Succeeded, "What one of the writers was told");
            seen = winners[0].Revision;
        }
    }

    private async Task TellsConfigRevisions()
    {
        await using StoreFollower follower = await FollowAsync();
        StoreConfigResult written = await WrittenAsync("new", null);
        StoreEvent item = await follower.NextAsync();
        Expect.Same(("new", written.Revision), (Text(follower.Config), RevisionOf(item)), "The configuration as delivered");

        await WrittenAsync(null, null);
        item = await follower.NextAsync();
        Expect.Same((null, 0L), (Text(follower.Config), RevisionOf(item)), "The configuration as delivered after it was deleted");

        static long RevisionOf(StoreEvent item) => item is StoreSnapshot all ? all.ConfigRevision : ((StoreChanges)item).ConfigRevision;
    }

    private async Task MakesReservations()
    {
        StoredEntry entry = await CreateAsync(value: "document", timeToLive: TimeToLive);
        await using StoreFollower follower = await FollowAsync();
        StoredEntry reserved = Written(await Store.SetTimeToLiveAsync(entry, null, CancellationToken.None), "Making a reservation");

        Expect.That(reserved.ModRevision > entry.ModRevision, $"The revision went from {entry.ModRevision} to {reserved.ModRevision}.");
        Same(entry with { ModRevision = reserved.ModRevision, HasTimeToLive = false }, reserved, "The entry that is returned");
        await follower.ReachAsync(reserved.ModRevision);
        Same(reserved, follower.Entries.GetValueOrDefault(Key), "The entry as delivered");
        await PassTimeAsync(TimeToLive * 3);
        Same(reserved, await FindAsync(), "The entry after three times its former time to live");
    }

    private async Task EndsReservations()
    {
        StoredEntry entry = await ReserveAsync(value: "document");
        StoredEntry lease = Written(await Store.SetTimeToLiveAsync(entry, TimeToLive, CancellationToken.None), "Giving a time to live");

        Same(entry with { ModRevision = lease.ModRevision, HasTimeToLive = true }, lease, "The entry that is returned");
        await using StoreFollower follower = await FollowAsync();
        await PassTimeAsync(TimeToLive * 3);
        // A store that looks now and then, on a clock that stands still again, is made to look.
        _ = await FindAsync();
        while (follower.Entries.ContainsKey(Key)) await follower.NextAsync();
        Same(null, await FindAsync(), "The entry after its time to live");
    }

    private async Task LeavesReservations()
    {
        StoredEntry entry = await ReserveAsync();
        long before = (await ListAsync()).Revision;

        Same(
            entry,
            Written(await Store.SetTimeToLiveAsync(entry, null, CancellationToken.None), "Making a reservation"),
            "The entry that is returned");
        Expect.Same(before, (await ListAsync()).Revision, "The store's revision");
    }

    private async Task RefusesStaleTimes()
    {
        StoredEntry seen = await CreateAsync();
        StoredEntry newer = await UpdateAsync(seen, "newer");
        await RefusedAsync(Store.SetTimeToLiveAsync(seen, null, CancellationToken.None), newer, "Making a reservation of an older revision");
        await DeleteAsync(newer);
        await RefusedAsync(Store.SetTimeToLiveAsync(newer, Long, CancellationToken.None), null, "Giving a time to live to what is gone");
    }

    private async Task TellsTimesLeft()
    {
        string[] leases = [.. Enumerable.Range(1, 120).Select(static number => $"10.5.{number}.0-24")];
        foreach (string key in leases) await CreateAsync(key, timeToLive: Long);
        await CreateAsync("10.6.1.0-24");
        await ReserveAsync("10.6.2.0-24");

        IReadOnlyDictionary<string, TimeSpan> left =
            await Store.ReadTimesLeftAsync([.. leases, "10.6.2.0-24", "10.6.3.0-24"], CancellationToken.None);

        Expect.SameSet(leases, left.Keys, "The keys whose time left is told");
        foreach ((string key, TimeSpan time) in left)
            Expect.That(time > Long * 0.9 && time <= Long, $"{key} was given {Long} a moment ago and has {time} left.");
    }
}

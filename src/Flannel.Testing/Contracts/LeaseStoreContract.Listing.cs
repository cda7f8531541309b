using Flannel.Extensibility;
using Flannel.Testing.Contracts;

namespace Flannel.Testing;

public abstract partial class LeaseStoreContract
{
    private static ContractCase<LeaseStoreContract>[] Listing =>
    [
        new(
            "ConfigSource_Always_NamesThePlace",
            "ConfigSource says in words where the configuration is read from.",
            static store => store.NamesItsPlace()),
        new(
            "List_EmptyStore_ReturnsNothing",
            "An empty store lists no entries and no configuration.",
            static store => store.ListsNothing()),
        new(
            "List_Newest_ReturnsEveryEntryAsWritten",
            "A listing holds every entry exactly as its write returned it, and no other.",
            static store => store.ListsAsWritten()),
        new(
            "List_AnyBytes_AreKept",
            "A document is bytes: any of them come back as they were written.",
            static store => store.KeepsAnyBytes()),
        new(
            "List_AfterEachWrite_HasAHigherRevision",
            "Every write but a renewal raises the store's revision, deletions and the configuration included.",
            static store => store.CountsWrites()),
        new(
            "List_PastRevision_IsShownOrRefused",
            "A listing of a past revision shows it as it was, or fails by a StoreException that is not transient.",
            static store => store.ShowsOrRefusesThePast()),
        new(
            "List_ByAnOperatorWrittenEntry_IsListedVerbatim",
            "Keys and documents need not make sense to be listed.",
            static store => store.ListsNonsense()),
        new(
            "Calls_CancelledToken_Throw",
            "A call whose token is cancelled throws OperationCanceledException and changes nothing.",
            static store => store.HonoursTokens()),
        new(
            "ResetConnections_Called_StoreGoesOn",
            "ResetConnections returns at once and never throws; calls afterwards work.",
            static store => store.SurvivesReset()),
    ];

    private static ContractCase<LeaseStoreContract>[] Configuring =>
    [
        new(
            "List_WithAConfig_ShowsItBesideTheEntries",
            "A listing holds the configuration as it was put, whatever stands in it, and not among the entries.",
            static store => store.ListsTheConfig()),
        new(
            "List_WithoutAConfig_ShowsNone",
            "A configuration that was removed is null in the listing.",
            static store => store.ListsNoConfig()),
    ];

    private Task NamesItsPlace()
    {
        Expect.That(!string.IsNullOrWhiteSpace(Store.ConfigSource), "ConfigSource is empty.");
        return Task.CompletedTask;
    }

    private async Task ListsNothing()
    {
        StoreSnapshot snapshot = await ListAsync();
        Expect.Same(0, snapshot.Entries.Count, "The number of entries");
        Expect.Same(null, Text(snapshot.Config), "The configuration");
    }

    private async Task ListsAsWritten()
    {
        StoredEntry first = await CreateAsync("10.5.1.0-24", "first");
        StoredEntry second = await ReserveAsync("10.5.2.0-24&fd00:0:0:2::-64", "second");
        await DeleteAsync(await CreateAsync("10.5.3.0-24", "third"));

        StoreSnapshot snapshot = await ListAsync();

        Expect.SameSet([Values(first), Values(second)], snapshot.Entries.Select(static entry => Values(entry)), "The entries");
        Expect.That(snapshot.Revision > second.ModRevision, $"The deletion left the revision at {snapshot.Revision}.");
    }

    private async Task KeepsAnyBytes()
    {
        byte[] bytes = [.. Enumerable.Range(0, 256).Select(static value => (byte)value)];
        StoredEntry entry = Written(await Store.CreateAsync(Key, bytes, null, CancellationToken.None), "Creating an entry of 256 bytes");
        Expect.Same(Convert.ToHexString(bytes), Convert.ToHexString(entry.Value.Span), "The document that is returned");
        Same(entry, await FindAsync(), "The entry that is listed");
    }

    private async Task CountsWrites()
    {
        long last = (await ListAsync()).Revision;
        StoredEntry entry = await CreateAsync();
        await HigherAsync("Creating");
        entry = await UpdateAsync(entry, "new");
        await HigherAsync("Updating");
        await DeleteAsync(entry);
        await HigherAsync("Deleting");
        await SetConfigAsync("put");
        await HigherAsync("Putting the configuration");
        await SetConfigAsync(null);
        await HigherAsync("Removing the configuration");

        async Task HigherAsync(string what)
        {
            long now = (await ListAsync()).Revision;
            Expect.That(now > last, $"{what} left the revision at {now} (before: {last}).");
            last = now;
        }
    }

    private async Task ShowsOrRefusesThePast()
    {
        StoredEntry kept = await CreateAsync("10.5.1.0-24", "old");
        long then = (await ListAsync()).Revision;
        await UpdateAsync(kept, "new");
        await ReserveAsync("10.5.2.0-24");
        StoreSnapshot past;
        try
        {
            past = await ListAsync(then);
        }
        catch (StoreException refusal)
        {
            Expect.That(!refusal.IsTransient, $"The refusal is transient, but the past does not come back: {refusal.Message}");
            return;
        }

        Expect.Same(then, past.Revision, "The revision of the listing");
        Expect.SameSet([Values(kept)], past.Entries.Select(static entry => Values(entry)), $"The entries at revision {then}");
    }

    private async Task ListsNonsense()
    {
        await PutAsync("not-a-subnet", "{ corrupt");
        StoredEntry? entry = await FindAsync("not-a-subnet");
        Expect.Same(("{ corrupt", false), (Text(entry?.Value), entry?.HasTimeToLive ?? true), "The entry 'not-a-subnet'");
    }

    private async Task HonoursTokens()
    {
        StoredEntry entry = await CreateAsync();
        var cancelled = new CancellationToken(canceled: true);
        await CancelledAsync(() => Store.ListAsync(null, cancelled), "Listing");
        await CancelledAsync(() => Store.CreateAsync("10.5.9.0-24", Bytes("{}"), null, cancelled), "Creating");
        await CancelledAsync(() => Store.UpdateAsync(entry, Bytes("[]"), TimeToLive, cancelled), "Updating");
        await CancelledAsync(() => Store.RenewAsync(entry, TimeToLive, cancelled), "Renewing");
        await CancelledAsync(() => Store.DeleteAsync(entry, cancelled), "Deleting");
        StoreSnapshot snapshot = await ListAsync();
        Expect.SameSet([Values(entry)], snapshot.Entries.Select(static entry => Values(entry)), "The entries after cancelled calls");

        Task CancelledAsync(Func<Task> call, string what) =>
            Expect.ThrowsAsync<OperationCanceledException>(call, what + " with a cancelled token", Patience);
    }

    private async Task SurvivesReset()
    {
        StoredEntry entry = await CreateAsync();
        await Expect.InTimeAsync(Task.Run(Store.ResetConnections), "The return from ResetConnections", Patience);
        Same(entry, await FindAsync(), "The entry after a reset");
        await using StoreFollower follower = await FollowAsync();
        entry = await UpdateAsync(entry, "after");
        await follower.ReachAsync(entry.ModRevision);
        Same(entry, follower.Entries[Key], "The entry that a watch after a reset delivers");
    }

    private async Task ListsTheConfig()
    {
        StoredEntry entry = await CreateAsync();
        foreach (string document in new[] { """{ "Network": "10.5.0.0/16", "Backend": {"Type": "vxlan"}}""", "this is no JSON" })
        {
            await SetConfigAsync(document);
            StoreSnapshot snapshot = await ListAsync();
            Expect.Same(document, Text(snapshot.Config), "The configuration");
            Expect.SameSet([Values(entry)], snapshot.Entries.Select(static entry => Values(entry)), "The entries");
        }
    }

    private async Task ListsNoConfig()
    {
        await SetConfigAsync("gone");
        await SetConfigAsync(null);
        await CreateAsync();
        Expect.Same(null, Text((await ListAsync()).Config), "The configuration");
    }
}

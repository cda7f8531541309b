using Flannel.Extensibility;
using Flannel.Testing.Contracts;

namespace Flannel.Testing;

public abstract partial class LeaseStoreContract
{
    private static ContractCase<LeaseStoreContract>[] Writing =>
    [
        new(
            "Create_FreeKey_WritesANewEntry",
            "A new entry has one higher revision as CreateRevision and ModRevision, and ends by itself if it has a time to live.",
            static store => store.Creates()),
        new(
            "Create_TakenKey_IsRefusedAndReturnsTheHolder",
            "Creating a key that is there changes nothing and returns who holds it.",
            static store => store.RefusesATakenKey()),
        new(
            "Create_WithoutTimeToLive_IsAReservation",
            "An entry without a time to live says so.",
            static store => store.Reserves()),
        new(
            "Create_CallersBufferChangesLater_EntryDoesNot",
            "The store copies the document: the caller may use its buffer again.",
            static store => store.CopiesTheDocument()),
        new(
            "Create_KeyThatWasDeleted_StartsANewLife",
            "A key that is created again has a higher CreateRevision than before.",
            static store => store.StartsANewLife()),
        new(
            "Create_SameKeyInParallel_ExactlyOneWins",
            "Of many who create one key at once exactly one succeeds; the others are told who it was.",
            static store => store.LetsOneCreate()),
        new(
            "Update_EntryAsSeen_ReplacesTheDocument",
            "An update writes the document at a higher revision and keeps CreateRevision.",
            static store => store.Updates()),
        new(
            "Update_EntryChangedMeanwhile_IsRefusedAndReturnsWhatIsThere",
            "An update compares ModRevision.",
            static store => store.RefusesAStaleUpdate()),
        new(
            "Update_EntryDeletedAndCreatedAgain_IsRefused",
            "A revision is never given twice, also for a key that was deleted in between.",
            static store => store.RefusesAnotherLife()),
        new(
            "Update_NoEntry_IsRefused",
            "An update creates nothing.",
            static store => store.RefusesToUpdateNothing()),
        new(
            "Update_SameEntryInParallel_ExactlyOneWins",
            "Of many who update one entry at once exactly one succeeds.",
            static store => store.LetsOneUpdate()),
        new(
            "Renew_EntryAsSeen_KeepsDocumentAndCreation",
            "A renewal keeps the document and CreateRevision.",
            static store => store.Renews()),
        new(
            "Renew_EntryChangedMeanwhile_IsRefusedAndReturnsWhatIsThere",
            "A renewal compares ModRevision.",
            static store => store.RefusesAStaleRenewal()),
        new(
            "Renew_NoEntry_IsRefused",
            "A renewal creates nothing.",
            static store => store.RefusesToRenewNothing()),
        new(
            "Renew_Reservation_OnlyChecksThatItIsThere",
            "Renewing a reservation succeeds and changes nothing.",
            static store => store.RenewsAReservation()),
        new(
            "Delete_EntryAsSeen_RemovesIt",
            "A deletion removes the entry.",
            static store => store.Deletes()),
        new(
            "Delete_EntryChangedMeanwhile_IsRefusedAndReturnsWhatIsThere",
            "A deletion compares ModRevision.",
            static store => store.RefusesAStaleDeletion()),
        new(
            "Delete_NoEntry_IsRefused",
            "Deleting what is not there is refused, and returns no entry.",
            static store => store.RefusesToDeleteNothing()),
    ];

    private async Task Creates()
    {
        long before = (await ListAsync()).Revision;
        StoredEntry entry = await CreateAsync(value: "document");
        Expect.Same(
            (Key, "document", entry.ModRevision, true), (entry.Key, Text(entry.Value), entry.CreateRevision, entry.HasTimeToLive), "The entry");
        Expect.That(entry.ModRevision > before, $"The entry has revision {entry.ModRevision}; the store's was {before} before.");
        Same(entry, await FindAsync(), "The entry that is listed");
    }

    private async Task RefusesATakenKey()
    {
        StoredEntry holder = await CreateAsync(value: "holder");
        await RefusedAsync(Store.CreateAsync(Key, Bytes("late"), TimeToLive, CancellationToken.None), holder, "Creating a key that is taken");
    }

    private async Task Reserves()
    {
        StoredEntry entry = await ReserveAsync();
        Expect.Same(false, entry.HasTimeToLive, "HasTimeToLive");
        Same(entry, await FindAsync(), "The entry that is listed");
    }

    private async Task CopiesTheDocument()
    {
        byte[] buffer = Bytes("document").ToArray();
        StoredEntry created = Written(await Store.CreateAsync(Key, buffer, null, CancellationToken.None), "Creating");
        buffer.AsSpan().Clear();
        Expect.Same("document", Text((await FindAsync())?.Value), "The document after its caller's buffer was cleared");

        buffer = Bytes("another").ToArray();
        await Store.UpdateAsync(created, buffer, Long, CancellationToken.None);
        buffer.AsSpan().Clear();
        Expect.Same("another", Text((await FindAsync())?.Value), "The updated document after its caller's buffer was cleared");
    }

    private async Task StartsANewLife()
    {
        StoredEntry first = await CreateAsync();
        await DeleteAsync(first);
        StoredEntry second = await CreateAsync();
        Expect.That(second.CreateRevision > first.CreateRevision, $"CreateRevision was {first.CreateRevision} and is {second.CreateRevision}.");
        Expect.Same(second.CreateRevision, second.ModRevision, "ModRevision");
    }

    private async Task LetsOneCreate()
    {
        for (int round = 0; round < 20; round++)
        {
            string key = $"10.5.{round}.0-24";
            StoreWriteResult[] results = await Task.WhenAll(Enumerable.Range(0, 8).Select(
                node => Task.Run(() => Store.CreateAsync(key, Bytes($"node {node}"), Long, CancellationToken.None))));

            Expect.Same(1, results.Count(static result => result.Succeeded), "How many of 8 created the key");
            StoredEntry winner = results.Single(static result => result.Succeeded).Entry!;
            foreach (StoreWriteResult result in results) Same(winner, result.Entry, "The entry that everybody is told");
            Same(winner, await FindAsync(key), "The entry that is listed");
        }
    }

    private async Task Updates()
    {
        StoredEntry entry = await CreateAsync(value: "old");
        StoredEntry updated = await UpdateAsync(entry, "new");
        Expect.Same(
            (Key, "new", entry.CreateRevision, true),
            (updated.Key, Text(updated.Value), updated.CreateRevision, updated.HasTimeToLive),
            "The entry");
        Expect.That(updated.ModRevision > entry.ModRevision, $"ModRevision was {entry.ModRevision} and is {updated.ModRevision}.");
        Same(updated, await FindAsync(), "The entry that is listed");
    }

    private async Task RefusesAStaleUpdate()
    {
        StoredEntry seen = await CreateAsync(value: "old");
        StoredEntry newer = await UpdateAsync(seen, "newer");
        await RefusedAsync(Store.UpdateAsync(seen, Bytes("stale"), TimeToLive, CancellationToken.None), newer, "Updating an entry that was changed");
    }

    private async Task RefusesAnotherLife()
    {
        StoredEntry seen = await CreateAsync(value: "same");
        await DeleteAsync(seen);
        StoredEntry other = await CreateAsync(value: "same");
        await RefusedAsync(Store.UpdateAsync(seen, Bytes("stale"), TimeToLive, CancellationToken.None), other, "Updating an entry of a former life");
        await RefusedAsync(Store.DeleteAsync(seen, CancellationToken.None), other, "Deleting an entry of a former life");
    }

    private async Task RefusesToUpdateNothing()
    {
        StoredEntry seen = await CreateAsync();
        await DeleteAsync(seen);
        await RefusedAsync(Store.UpdateAsync(seen, Bytes("stale"), TimeToLive, CancellationToken.None), null, "Updating an entry that is gone");
    }

    private async Task LetsOneUpdate()
    {
        StoredEntry seen = await CreateAsync();
        StoreWriteResult[] results = await Task.WhenAll(Enumerable.Range(0, 8).Select(
            node => Task.Run(() => Store.UpdateAsync(seen, Bytes($"node {node}"), Long, CancellationToken.None))));
        Expect.Same(1, results.Count(static result => result.Succeeded), "How many of 8 updated the entry");
        Same(results.Single(static result => result.Succeeded).Entry, await FindAsync(), "The entry that is listed");
    }

    private async Task Renews()
    {
        StoredEntry entry = await CreateAsync(value: "document");
        StoredEntry renewed = Written(await Store.RenewAsync(entry, Long, CancellationToken.None), "Renewing");
        Expect.Same(
            (Key, "document", entry.CreateRevision, true),
            (renewed.Key, Text(renewed.Value), renewed.CreateRevision, renewed.HasTimeToLive),
            "The entry");
        Same(renewed, await FindAsync(), "The entry that is listed");
    }

    private async Task RefusesAStaleRenewal()
    {
        StoredEntry seen = await CreateAsync();
        StoredEntry newer = await UpdateAsync(seen, "newer");
        await RefusedAsync(Store.RenewAsync(seen, TimeToLive, CancellationToken.None), newer, "Renewing an entry that was changed");
    }

    private async Task RefusesToRenewNothing()
    {
        StoredEntry seen = await CreateAsync();
        await DeleteAsync(seen);
        await RefusedAsync(Store.RenewAsync(seen, TimeToLive, CancellationToken.None), null, "Renewing an entry that is gone");
    }

    private async Task RenewsAReservation()
    {
        StoredEntry reservation = await ReserveAsync();
        StoredEntry renewed = Written(await Store.RenewAsync(reservation, TimeToLive, CancellationToken.None), "Renewing a reservation");
        Same(reservation, renewed, "The reservation");
        await PassTimeAsync(TimeToLive * 2);
        Same(reservation, await FindAsync(), "The reservation after the time to live of its renewal");
    }

    private async Task Deletes()
    {
        StoredEntry entry = await CreateAsync();
        await DeleteAsync(entry);
        Same(null, await FindAsync(), "The entry afterwards");
    }

    private async Task RefusesAStaleDeletion()
    {
        StoredEntry seen = await CreateAsync();
        StoredEntry newer = await UpdateAsync(seen, "newer");
        await RefusedAsync(Store.DeleteAsync(seen, CancellationToken.None), newer, "Deleting an entry that was changed");
    }

    private async Task RefusesToDeleteNothing()
    {
        StoredEntry seen = await CreateAsync();
        await DeleteAsync(seen);
        await RefusedAsync(Store.DeleteAsync(seen, CancellationToken.None), null, "Deleting an entry that is gone");
    }
}

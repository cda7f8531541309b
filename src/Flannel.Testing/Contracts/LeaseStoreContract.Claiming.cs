using Flannel.Extensibility;
using Flannel.Testing.Contracts;

namespace Flannel.Testing;

public abstract partial class LeaseStoreContract
{
    private static ContractCase<LeaseStoreContract>[] Claiming =>
    [
        new(
            "Claim_EntryAsSeen_IsSeenAndKeepsTheDocument",
            "A claim writes the entry at a higher revision, with the document and CreateRevision that it has; watchers are told.",
            static store => store.Claims()),
        new(
            "Claim_EntryChangedMeanwhile_IsRefusedAndReturnsWhatIsThere",
            "A claim compares ModRevision, and creates nothing.",
            static store => store.RefusesAStaleClaim()),
        new(
            "Claim_Reservation_StaysOne",
            "A claim leaves a reservation a reservation.",
            static store => store.ClaimsAReservation()),
        new(
            "Claim_ThenUpdated_TellsTheTwoApart",
            "In a store that has claims, ClaimId differs after a claim and after the entry was created again, and stays while the entry is updated.",
            static store => store.TellsClaimsFromUpdates()),
    ];

    private async Task Claims()
    {
        StoredEntry entry = await CreateAsync(value: "document");
        await using StoreFollower follower = await FollowAsync();
        StoredEntry claimed = Written(await Store.ClaimAsync(entry, Long, CancellationToken.None), "Claiming");
        Expect.Same(
            (Key, "document", entry.CreateRevision, true),
            (claimed.Key, Text(claimed.Value), claimed.CreateRevision, claimed.HasTimeToLive),
            "The entry");
        Expect.That(claimed.ModRevision > entry.ModRevision, $"ModRevision was {entry.ModRevision} and is {claimed.ModRevision}.");
        Same(claimed, await FindAsync(), "The entry that is listed");
        await follower.ReachAsync(claimed.ModRevision);
        Same(claimed, follower.Entries.GetValueOrDefault(Key), "The entry that is delivered");
    }

    private async Task RefusesAStaleClaim()
    {
        StoredEntry seen = await CreateAsync();
        StoredEntry newer = await UpdateAsync(seen, "newer");
        await RefusedAsync(Store.ClaimAsync(seen, TimeToLive, CancellationToken.None), newer, "Claiming an entry that was changed");
        await DeleteAsync(newer);
        await RefusedAsync(Store.ClaimAsync(newer, TimeToLive, CancellationToken.None), null, "Claiming an entry that is gone");
    }

    private async Task ClaimsAReservation()
    {
        StoredEntry reservation = await ReserveAsync();
        StoredEntry claimed = Written(await Store.ClaimAsync(reservation, TimeToLive, CancellationToken.None), "Claiming a reservation");
        Expect.Same((false, 0L), (claimed.HasTimeToLive, claimed.ClaimId), "HasTimeToLive and ClaimId");
        Expect.That(claimed.ModRevision > reservation.ModRevision, $"ModRevision was {reservation.ModRevision} and is {claimed.ModRevision}.");
        await PassTimeAsync(TimeToLive * 2);
        Same(claimed, await FindAsync(), "The reservation after the time to live of its claim");
    }

    private async Task TellsClaimsFromUpdates()
    {
        StoredEntry entry = await CreateAsync();
        StoredEntry claimed = Written(await Store.ClaimAsync(entry, Long, CancellationToken.None), "Claiming");
        StoredEntry updated = Written(await Store.UpdateAsync(claimed, Bytes("updated"), Long, CancellationToken.None), "Updating");
        Expect.Same(claimed.ClaimId, updated.ClaimId, "ClaimId after an update");
        if (entry.ClaimId == 0)
        {
            Expect.Same(0L, claimed.ClaimId, "ClaimId in a store without claims");
            return;
        }

        Expect.That(claimed.ClaimId != entry.ClaimId, $"ClaimId is {entry.ClaimId} as it was before the claim.");
        await DeleteAsync(updated);
        StoredEntry next = await CreateAsync();
        Expect.That(next.ClaimId != updated.ClaimId, $"ClaimId is {next.ClaimId} as it was before the entry was deleted.");
    }
}

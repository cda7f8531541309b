using Flannel.Extensibility;

namespace Flannel.Testing.Tests.Contracts;

/// <summary>For each case of administration one store that breaks its rule.</summary>
internal static class AdministrationMutants
{
    public static IReadOnlyDictionary<string, Action<MutantStore>> All { get; } = new Dictionary<string, Action<MutantStore>>
    {
        ["Administration_ConfigWritten_IsListedAtItsRevision"] = static store => store.List = async (revision, token) =>
        {
            StoreSnapshot list = await store.Right.ListAsync(revision, token);
            return new StoreSnapshot(list.Entries, list.Revision) { Config = list.Config, ConfigRevision = list.Revision };
        },
        ["Administration_ConfigOnlyIfThereIsNone_IsRefusedOnceThereIsOne"] = static store => store.WriteConfig = (document, expected, token) =>
            store.Right.WriteConfigAsync(document, expected == 0 ? null : expected, token),
        ["Administration_ConfigOfAnOlderRevision_IsRefused"] = static store => store.WriteConfig = (document, expected, token) =>
            store.Right.WriteConfigAsync(document, document is null ? null : expected, token),
        ["Administration_ConfigDeleted_LeavesNone"] = static store => store.WriteConfig = (document, expected, token) =>
            store.Right.WriteConfigAsync(document ?? ReadOnlyMemory<byte>.Empty, expected, token),
        ["Administration_ConfigWrittenInParallel_ExactlyOneWins"] = static store => store.WriteConfig = async (document, expected, token) =>
        {
            long found = (await store.Right.ListAsync(null, token)).ConfigRevision;
            await Task.Delay(TimeSpan.FromMilliseconds(3), token);
            return await store.Right.WriteConfigAsync(document, expected == found ? null : expected, token);
        },
        ["Administration_ConfigWatched_IsToldWithItsRevision"] = static store =>
            store.Watch = (revision, token) => Forget(store.Right.WatchAsync(revision, token)),
        ["Administration_LeaseToReservation_NeverEndsAndKeepsItsDocument"] = static store => store.SetTimeToLive = (expected, timeToLive, token) =>
            store.Right.SetTimeToLiveAsync(expected, timeToLive ?? TimeSpan.FromSeconds(1), token),
        ["Administration_ReservationToLease_Ends"] = static store => store.SetTimeToLive = (expected, timeToLive, token) =>
            store.Right.SetTimeToLiveAsync(expected, timeToLive + TimeSpan.FromDays(1), token),
        ["Administration_ReservationThatShallStayOne_WritesNothing"] = static store => store.SetTimeToLive = (expected, timeToLive, token) =>
            store.Right.UpdateAsync(expected, "{}"u8.ToArray(), timeToLive ?? TimeSpan.FromDays(1), token),
        ["Administration_TimeToLiveOfAnEntryChangedOrGone_IsRefused"] = static store => store.SetTimeToLive = async (expected, timeToLive, token) =>
        {
            StoredEntry? now = (await store.Right.ListAsync(null, token)).Entries.FirstOrDefault(entry => entry.Key == expected.Key);
            return await store.Right.SetTimeToLiveAsync(now ?? expected, timeToLive, token);
        },
        ["Administration_TimesLeft_AreOfThoseThatEnd"] = static store => store.ReadTimesLeft = (keys, token) =>
            store.Right.ReadTimesLeftAsync([.. keys.Take(100)], token),
    };

    private static async IAsyncEnumerable<StoreEvent> Forget(IAsyncEnumerable<StoreEvent> items)
    {
        await foreach (StoreEvent item in items)
        {
            yield return item is StoreChanges { Config: not null } changes
                ? new StoreChanges(changes.Changes, item.Revision) { Config = changes.Config }
                : item;
        }
    }
}

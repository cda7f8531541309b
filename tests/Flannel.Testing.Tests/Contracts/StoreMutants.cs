using System.Text;
using System.Text.Json;
using Flannel.Extensibility;

namespace Flannel.Testing.Tests.Contracts;

/// <summary>For each case of the contract of stores one that breaks its rule.</summary>
internal static class StoreMutants
{
    // So long that everybody has looked before the first one writes.
    private static readonly TimeSpan Gap = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);

    public static IReadOnlyDictionary<string, Action<MutantStore>> All { get; } = new Dictionary<string, Action<MutantStore>>
    {
        ["ConfigSource_Always_NamesThePlace"] = static store => store.Source = " ",
        ["List_EmptyStore_ReturnsNothing"] = static store => store.ChangeLists(static list =>
            new StoreSnapshot([.. list.Entries, new StoredEntry("10.5.99.0-24", default, 0, 0, HasTimeToLive: false)], list.Revision)),
        ["List_Newest_ReturnsEveryEntryAsWritten"] = static store =>
            store.ChangeLists(static list => Only(list, static entry => entry.HasTimeToLive)),
        ["List_AnyBytes_AreKept"] = static store => store.Create = (key, value, timeToLive, token) =>
            store.Right.CreateAsync(key, Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(value.Span)), timeToLive, token),
        ["List_AfterEachWrite_HasAHigherRevision"] = static store => store.ChangeLists(static list =>
            new StoreSnapshot(list.Entries, list.Entries.Select(static entry => entry.ModRevision).DefaultIfEmpty().Max()) { Config = list.Config }),
        ["List_PastRevision_IsShownOrRefused"] = static store => store.List = (_, token) => store.Right.ListAsync(null, token),
        ["List_ByAnOperatorWrittenEntry_IsListedVerbatim"] = static store =>
            store.ChangeLists(static list => Only(list, static entry => SubnetKey.TryParse(entry.Key, out _))),
        ["Calls_CancelledToken_Throw"] = static store => store.Renew = (expected, timeToLive, _) =>
            store.Right.RenewAsync(expected, timeToLive, CancellationToken.None),
        ["ResetConnections_Called_StoreGoesOn"] = static store =>
            store.Reset = static () => throw new InvalidOperationException("There are no connections."),
        ["List_WithAConfig_ShowsItBesideTheEntries"] = static store => store.ChangeLists(static list =>
            new StoreSnapshot(list.Entries, list.Revision) { Config = IsJson(list.Config) ? list.Config : null }),
        ["List_WithoutAConfig_ShowsNone"] = static store =>
        {
            ReadOnlyMemory<byte>? last = null;
            store.ChangeLists(
                list => new StoreSnapshot(list.Entries, list.Revision) { Config = last = list.Config ?? last ?? default(ReadOnlyMemory<byte>) });
        },
        ["Create_FreeKey_WritesANewEntry"] = static store => store.Create = async (key, value, timeToLive, token) =>
            Change(await store.Right.CreateAsync(key, value, timeToLive, token), static entry => entry with { CreateRevision = 0 }),
        ["Create_TakenKey_IsRefusedAndReturnsTheHolder"] = static store => store.Create = (key, value, timeToLive, _) =>
            Task.FromResult(store.Force(key, value, timeToLive)),
        ["Create_WithoutTimeToLive_IsAReservation"] = static store => store.Create = (key, value, timeToLive, token) =>
            store.Right.CreateAsync(key, value, timeToLive ?? TimeSpan.FromDays(365), token),
        ["Create_CallersBufferChangesLater_EntryDoesNot"] = static store =>
        {
            ReadOnlyMemory<byte> buffer = default;
            store.Create = (key, value, timeToLive, token) => store.Right.CreateAsync(key, buffer = value, timeToLive, token);
            store.ChangeLists(list => new StoreSnapshot([.. list.Entries.Select(entry => entry with { Value = buffer })], list.Revision));
        },
        ["Create_KeyThatWasDeleted_StartsANewLife"] = static store =>
        {
            long? first = null;
            store.Create = async (key, value, timeToLive, token) =>
                Change(
                    await store.Right.CreateAsync(key, value, timeToLive, token),
                    entry => entry with { CreateRevision = first ??= entry.CreateRevision });
        },
        ["Create_SameKeyInParallel_ExactlyOneWins"] = static store => store.Create = async (key, value, timeToLive, _) =>
        {
            StoredEntry? there = await store.FindAsync(key);
            await Task.Delay(Gap);
            return there is null ? store.Force(key, value, timeToLive) : new StoreWriteResult(false, there);
        },
        ["Update_EntryAsSeen_ReplacesTheDocument"] = static store => store.Update = async (expected, value, timeToLive, token) =>
        {
            await store.Right.DeleteAsync(expected, token);
            return await store.Right.CreateAsync(expected.Key, value, timeToLive, token);
        },
        ["Update_EntryChangedMeanwhile_IsRefusedAndReturnsWhatIsThere"] = static store => store.Update = async (expected, value, timeToLive, _) =>
            await store.FindAsync(expected.Key) is null ? default : store.Force(expected.Key, value, timeToLive),
        ["Update_EntryDeletedAndCreatedAgain_IsRefused"] = static store => store.Update = async (expected, value, timeToLive, _) =>
            await store.FindAsync(expected.Key) is { } there && !there.Value.Span.SequenceEqual(expected.Value.Span)
                ? new StoreWriteResult(false, there)
                : store.Force(expected.Key, value, timeToLive),
        ["Update_NoEntry_IsRefused"] = static store => store.Update = (expected, value, timeToLive, _) =>
            Task.FromResult(store.Force(expected.Key, value, timeToLive)),
        ["Update_SameEntryInParallel_ExactlyOneWins"] = static store => store.Update = async (expected, value, timeToLive, _) =>
        {
            StoredEntry? there = await store.FindAsync(expected.Key);
            await Task.Delay(Gap);
            return there?.ModRevision == expected.ModRevision ? store.Force(expected.Key, value, timeToLive) : new StoreWriteResult(false, there);
        },
        ["Renew_EntryAsSeen_KeepsDocumentAndCreation"] = static store => store.Renew = (expected, timeToLive, _) =>
            Task.FromResult(store.Force(expected.Key, default, timeToLive)),
        ["Renew_EntryChangedMeanwhile_IsRefusedAndReturnsWhatIsThere"] = static store => store.Renew = async (expected, timeToLive, token) =>
            await store.FindAsync(expected.Key) is { } there ? await store.Right.RenewAsync(there, timeToLive, token) : default,
        ["Renew_NoEntry_IsRefused"] = static store => store.Renew = (expected, timeToLive, _) =>
            Task.FromResult(store.Force(expected.Key, expected.Value, timeToLive)),
        ["Renew_Reservation_OnlyChecksThatItIsThere"] = static store => store.Renew = (expected, timeToLive, _) =>
            Task.FromResult(store.Force(expected.Key, expected.Value, timeToLive)),
        ["Claim_EntryAsSeen_IsSeenAndKeepsTheDocument"] = static store => store.Claim = (expected, timeToLive, token) =>
            store.Right.RenewAsync(expected, timeToLive, token),
        ["Claim_EntryChangedMeanwhile_IsRefusedAndReturnsWhatIsThere"] = static store => store.Claim = async (expected, timeToLive, token) =>
            await store.FindAsync(expected.Key) is { } there ? await store.Right.ClaimAsync(there, timeToLive, token) : default,
        ["Claim_Reservation_StaysOne"] = static store => store.Claim = (expected, timeToLive, _) =>
            Task.FromResult(store.Force(expected.Key, expected.Value, timeToLive)),
        ["Claim_ThenUpdated_TellsTheTwoApart"] = static store => store.Claim = (expected, timeToLive, token) =>
            store.Right.UpdateAsync(expected, expected.Value, timeToLive, token),
        ["Delete_EntryAsSeen_RemovesIt"] = static store => store.Delete = static (_, _) => Task.FromResult(new StoreWriteResult(true, null)),
        ["Delete_EntryChangedMeanwhile_IsRefusedAndReturnsWhatIsThere"] = static store => store.Delete = (expected, _) =>
            Task.FromResult(new StoreWriteResult(store.Right.Delete(expected.Key), null)),
        ["Delete_NoEntry_IsRefused"] = static store => store.Delete = (expected, _) =>
        {
            store.Right.Delete(expected.Key);
            return Task.FromResult(new StoreWriteResult(true, null));
        },
        ["TimeToLive_Passed_EndsTheEntryAndWatchersLearn"] = static store => store.Create = async (key, value, timeToLive, token) =>
            Change(await store.Right.CreateAsync(key, value, null, token), entry => entry with { HasTimeToLive = timeToLive is not null }),
        ["TimeToLive_RenewedInTime_StartsAnew"] = static store => store.Renew = async (expected, _, _) =>
            new StoreWriteResult(true, await store.FindAsync(expected.Key)),
        ["TimeToLive_UpdatedInTime_StartsAnew"] = static store => store.Update = (expected, value, timeToLive, token) =>
            store.Right.UpdateAsync(expected, value, timeToLive * 0.4, token),
        ["TimeToLive_UpdatedReservation_NeverEnds"] = static store => store.Update = (expected, value, timeToLive, _) =>
            Task.FromResult(store.Force(expected.Key, value, timeToLive)),
        ["Watch_Changes_LeadToWhatIsListed"] = static store =>
            store.ChangeChanges(static change => change.Entry is { HasTimeToLive: false } ? null : change),
        ["Watch_EachChange_IsToldByItself"] = static store => store.ChangeChanges(static change => change.Entry is null ? null : change),
        ["Watch_FromAnOlderRevision_MissesNothing"] = static store => store.Watch = (_, token) => store.Right.WatchAsync(store.Right.Revision, token),
        ["Watch_ResumedAfterTheLastItem_LosesNothing"] = static store => store.Watch = (after, token) => store.Right.WatchAsync(after + 1, token),
        ["Watch_FromAListTakenAmidWrites_HasNoSeam"] = static store => store.Watch = (after, token) => FromLaterOn(store, after, token),
        ["Watch_ManyWritersAndWatchers_AllKnowTheSame"] = static store =>
            store.ChangeWatches(static item => item is StoreChanges { Changes.Count: > 0 } changes
                ? new StoreChanges([.. changes.Changes.SkipLast(1)], changes.Revision)
                : item),
        ["Watch_ByAnOperatorWrittenEntry_IsDeliveredVerbatim"] = static store =>
            store.ChangeChanges(static change => SubnetKey.TryParse(change.Key, out _) ? change : null),
        ["Watch_ConfigAlonePut_IsTold"] = static store => store.ChangeWatches(static item => item is StoreChanges { Changes.Count: 0 } ? null : item),
        ["Watch_ConfigRemoved_IsTold"] = static store => store.ChangeWatches(static item =>
            item is StoreChanges changes ? new StoreChanges(changes.Changes, changes.Revision) { Config = changes.Config } : item),
        ["Watch_ConfigPutWhileAway_IsTold"] = static store => store.ChangeWatches(static item =>
            item is StoreChanges { Changes.Count: > 0 } changes ? new StoreChanges(changes.Changes, changes.Revision) : item),
        ["Watch_Cancelled_Ends"] = static store => store.Watch = (after, _) => store.Right.WatchAsync(after, CancellationToken.None),
        ["Watch_ConnectionsReset_GoesOnOrFailsTransiently"] = static store =>
        {
            bool wasReset = false;
            store.Reset = () => wasReset = true;
            store.ChangeWatches(item => wasReset ? null : item);
        },
        ["History_PastRevision_ShowsTheStoreAsItWas"] = static store => store.List = async (revision, token) =>
            await store.Right.ListAsync(revision, token) is var list && revision is null ? list : new StoreSnapshot(list.Entries, list.Revision),
        ["History_CompactedRevision_ThrowsLastingError"] = static store => store.List = async (revision, token) =>
        {
            try
            {
                return await store.Right.ListAsync(revision, token);
            }
            catch (StoreException error)
            {
                throw new StoreException(error.Message, isTransient: true);
            }
        },
        ["History_Changes_ArriveOnceInOrderWithTheirEntries"] = WatchBySnapshots,
        ["History_ManyWritersAndWatchers_EveryWatcherSeesEveryChangeInTheSameOrder"] = WatchBySnapshots,
        ["History_Resumed_LosesAndRepeatsNothing"] = static store =>
            store.Watch = (after, token) => store.Right.WatchAsync(Math.Max(after - 1, 0), token),
        ["History_ConfigPutsAmongChanges_ArriveInTheirOrder"] = static store =>
        {
            ReadOnlyMemory<byte>? last = null;
            store.ChangeWatches(item =>
                item is StoreChanges changes ? new StoreChanges(changes.Changes, changes.Revision) { Config = last = changes.Config ?? last } : item);
        },
        ["History_CompactedWhileAway_StartsWithOneSnapshot"] = static store => store.ChangeWatches(static item => item as StoreChanges),
        ["History_FromTheRevisionBeforeTheCompactedOne_MissesNothing"] = static store => store.ChangeWatches(static item => item as StoreChanges),
        ["History_FromTheCompactedRevisionItself_NeedsNoSnapshot"] = WatchBySnapshots,
        ["History_CompactedWhileOpen_GoesOn"] = static store => store.ChangeWatches(item =>
            store.IsCompacted ? store.Right.ListAsync(null, CancellationToken.None).Result : item),
    };

    private static void WatchBySnapshots(MutantStore store) =>
        store.ChangeWatches(_ => store.Right.ListAsync(null, CancellationToken.None).Result);

    private static async IAsyncEnumerable<StoreEvent> FromLaterOn(
        MutantStore store, long after, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (store.Right.Revision == after) await Task.Delay(Moment, cancellationToken);
        await foreach (StoreEvent item in store.Right.WatchAsync(store.Right.Revision, cancellationToken)) yield return item;
    }

    private static StoreSnapshot Only(StoreSnapshot list, Func<StoredEntry, bool> isShown) =>
        new([.. list.Entries.Where(isShown)], list.Revision) { Config = list.Config };

    private static StoreWriteResult Change(StoreWriteResult result, Func<StoredEntry, StoredEntry> change) =>
        result with { Entry = result.Entry is { } entry ? change(entry) : null };

    private static bool IsJson(ReadOnlyMemory<byte>? document)
    {
        if (document is not { } bytes) return false;
        try
        {
            using var parsed = JsonDocument.Parse(bytes);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}

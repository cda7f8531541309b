using Flannel.Extensibility;

namespace Flannel.Testing.Tests.Contracts;

/// <summary>For each case of the contract of backends one that breaks its rule.</summary>
internal static class BackendMutants
{
    public static IReadOnlyDictionary<string, Action<MutantBackend>> All { get; } = new Dictionary<string, Action<MutantBackend>>
    {
        ["Name_Always_IsLowerCase"] = static backend => backend.Find = static () => "Fake",
        ["Questions_AboutAnyConfig_DoNotThrow"] = static backend => backend.Device = static config => $"fake{config.Network!.Value.PrefixLength}",
        ["CheckConfig_ConfigItStartsWith_HasNoProblems"] = static backend =>
            backend.Right.BlockProblems = [new NetworkConfigProblem("Backend", "{}", "nothing")],
        ["RefuseLiveChange_SameConfig_IsNone"] = static backend => backend.LiveChange = static (_, _) => "Restart the node.",
        ["Attributes_Created_PublishTheHostsAddresses"] = Mutate(static network => network.Publish = static () => new LeaseAttributes()),
        ["Status_Created_HasAnMtuThatFits"] = Mutate(static network => network.Report = () => network.Right.Status with { Mtu = 9000 }),
        ["CheckPeer_GoodPeer_IsAccepted"] = Mutate(static network => network.Check = static _ => "no"),
        ["CheckPeer_AnyPeer_DoesNotThrow"] = Mutate(static network => network.Check = static peer =>
            peer.Attributes.BackendType!.Length > 0 ? null : "it has no backend"),
        ["SetPeers_Called_ReturnsAtOnceAndStatusConverges"] = Mutate(static network =>
            network.Report = () => network.Right.Status with { IsConverged = false }),
        ["SetPeers_PeersOfBefore_AreReplaced"] = Mutate(static network => network.Set = peers =>
            network.Right.ChangePeers([.. peers.Select(static peer => new LeaseChange(null, peer))])),
        ["SetPeers_Empty_ConvergesWithNobody"] = Mutate(static network => network.Set = peers =>
        {
            if (peers.Count > 0) network.Right.SetPeers(peers);
        }),
        ["SetPeers_Returned_StatusDoesNotClaimTooMuch"] = Mutate(static network =>
        {
            network.Report = () => network.Right.Status with { IsConverged = true };
            network.Set = peers => _ = LaterAsync(() => network.Right.SetPeers(peers));
        }),
        ["ChangePeers_CameChangedLeft_AreFollowed"] = Mutate(static network => network.Change = changes =>
            network.Right.ChangePeers([.. changes.Where(static change => change.After is not null)])),
        ["SetPeers_SameAgain_KeepsTheDataPath"] = Mutate(static network => network.Set = peers =>
        {
            network.Right.SetPeers([]);
            if (network.Right.Calls.Count(static call => call.StartsWith("set", StringComparison.Ordinal)) < 3) network.Right.SetPeers(peers);
        }),
        ["WatchAsync_Opened_DeliversTheStatusAndEachNewOne"] = Mutate(static network => network.Watch = token =>
            network.Right.WatchAsync(token).Where(static status => !status.IsConverged)),
        ["WatchAsync_Cancelled_Ends"] = Mutate(static network => network.Watch = _ => network.Right.WatchAsync(CancellationToken.None)),
        ["DisposeAsync_Called_LeavesTheDataPath"] = Mutate(static network => network.Dispose = async () =>
        {
            await network.Right.RemoveAsync(CancellationToken.None);
            await network.Right.DisposeAsync();
        }),
        ["StartAsync_AfterAnEarlierRun_RemovesNothingBeforeSetPeers"] = Mutate(
            static network => network.Start = (_, token) => network.Right.RemoveAsync(token)),
        ["SetPeers_AfterAnEarlierRun_RemovesWhoIsGone"] = Mutate(static network => network.Set = peers => network.Right.ChangePeers(
        [
            .. network.Right.Peers.Values.ExceptBy(peers.Select(static peer => peer.Key), static peer => peer.Key)
            .Select(static gone => new LeaseChange(gone, null)),
            .. peers.Select(static peer => new LeaseChange(null, peer)),
        ])),
        ["DisposeAsync_Twice_DoesNotThrow"] = Mutate(static network => network.Dispose = () =>
        {
            ObjectDisposedException.ThrowIf(network.Right.Calls.Contains("dispose"), network);
            return network.Right.DisposeAsync();
        }),
        ["DisposeAsync_Called_EndsWatches"] = Mutate(static network => network.Dispose = static () => ValueTask.CompletedTask),
        ["RemoveAsync_Called_UndoesTheDataPath"] = Mutate(static network => network.Remove = static _ => Task.CompletedTask),
        ["RemoveAsync_Twice_DoesNotThrow"] = Mutate(static network => network.Remove = token =>
            network.Right.Calls.Contains("remove") ? Task.FromException(new InvalidOperationException("It was " +
                "removed.")) : network.Right.RemoveAsync(token)),
        ["RemoveAsync_BeforeStart_UndoesTheCreation"] = Mutate(static network => network.Remove = token =>
            network.Right.Calls.Contains("start") ? network.Right.RemoveAsync(token) : Task.FromException(new InvalidOperationException("It was " +
                "not started."))),
        ["CreateNetworkAsync_AfterRemoveAsync_StartsAnew"] = static backend =>
        {
            int started = 0;
            backend.Networks = network => network.Start = (_, _) =>
                started++ == 0 ? Task.CompletedTask : Task.FromException(new InvalidOperationException("The device exists."));
        },
    };

    private static Action<MutantBackend> Mutate(Action<MutantNetwork> mutate) => backend => backend.Networks = mutate;

    private static async Task LaterAsync(Action action)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(50));
        action();
    }
}

using Flannel.Extensibility;
using Flannel.Testing.Contracts;

namespace Flannel.Testing;

public abstract partial class BackendContract
{
    private static ContractCase<BackendContract>[] Closing =>
    [
        new(
            "DisposeAsync_Called_LeavesTheDataPath",
            "Disposing a network leaves its data path in place, so that packets flow while the process is replaced.",
            static backend => backend.LeavesTheDataPath()),
        new(
            "StartAsync_AfterAnEarlierRun_RemovesNothingBeforeSetPeers",
            "A network that is created again adopts what the one before left; before the first SetPeers nothing is removed.",
            static backend => backend.AdoptsTheDataPath()),
        new(
            "SetPeers_AfterAnEarlierRun_RemovesWhoIsGone",
            "The first SetPeers removes what an earlier run left for peers that are gone.",
            static backend => backend.CleansUp()),
        new(
            "DisposeAsync_Twice_DoesNotThrow",
            "A network may be disposed more than once.",
            static backend => backend.MayBeDisposedTwice()),
        new(
            "DisposeAsync_Called_EndsWatches",
            "Watches of a network end when it is disposed.",
            static backend => backend.EndsWatchesWithIt()),
        new(
            "RemoveAsync_Called_UndoesTheDataPath",
            "RemoveAsync undoes the data path; disposing afterwards is allowed.",
            static backend => backend.UndoesTheDataPath()),
        new(
            "RemoveAsync_Twice_DoesNotThrow",
            "RemoveAsync finds nothing to do the second time.",
            static backend => backend.MayBeRemovedTwice()),
        new(
            "RemoveAsync_BeforeStart_UndoesTheCreation",
            "RemoveAsync also undoes a network that was created and never started.",
            static backend => backend.MayBeRemovedUnstarted()),
        new(
            "CreateNetworkAsync_AfterRemoveAsync_StartsAnew",
            "What was removed can be created again.",
            static backend => backend.StartsAnew()),
    ];

    private async Task LeavesTheDataPath()
    {
        IBackendNetwork network = await StartAsync(1, 2);
        await Expect.InTimeAsync(network.DisposeAsync().AsTask(), "The end of DisposeAsync", Patience);
        await FindsAsync(1, 2);
        await RemoveAllAsync();
    }

    private async Task AdoptsTheDataPath()
    {
        await (await StartAsync(1, 2)).DisposeAsync();
        await using IBackendNetwork network = await StartAsync();
        await FindsAsync(1, 2);
        network.SetPeers(Peers(network, 1, 2));
        await FindsAsync(1, 2);
        await HasAsync(network, 1, 2);
        await network.RemoveAsync(CancellationToken.None);
    }

    private async Task CleansUp()
    {
        await (await StartAsync(1, 2)).DisposeAsync();
        await using IBackendNetwork network = await StartAsync();
        network.SetPeers(Peers(network, 2));
        await HasAsync(network, 2);
        await network.RemoveAsync(CancellationToken.None);
    }

    private async Task MayBeDisposedTwice()
    {
        IBackendNetwork network = await StartAsync(1);
        await network.RemoveAsync(CancellationToken.None);
        await network.DisposeAsync();
        await network.DisposeAsync();
    }

    private async Task EndsWatchesWithIt()
    {
        IBackendNetwork network = await StartAsync(1);
        await using IAsyncEnumerator<BackendStatus> items = network.WatchAsync(CancellationToken.None).GetAsyncEnumerator(CancellationToken.None);
        Expect.That(await items.MoveNextAsync(), "The watch ended before its first item.");
        Task<bool> next = items.MoveNextAsync().AsTask();
        await network.RemoveAsync(CancellationToken.None);
        await network.DisposeAsync();
        while (await Expect.InTimeAsync(next, "The end of a watch whose network was disposed", Patience)) next = items.MoveNextAsync().AsTask();
    }

    private async Task UndoesTheDataPath()
    {
        await using IBackendNetwork network = await StartAsync(1, 2);
        await Expect.InTimeAsync(network.RemoveAsync(CancellationToken.None), "The end of RemoveAsync", Patience);
        await FindsAsync();
    }

    private async Task MayBeRemovedTwice()
    {
        await using IBackendNetwork network = await StartAsync(1);
        await network.RemoveAsync(CancellationToken.None);
        await network.RemoveAsync(CancellationToken.None);
        await FindsAsync();
    }

    private async Task MayBeRemovedUnstarted()
    {
        await using IBackendNetwork network = await CreateAsync();
        await network.RemoveAsync(CancellationToken.None);
        await FindsAsync();
    }

    private async Task StartsAnew()
    {
        await using (IBackendNetwork network = await StartAsync(1)) await network.RemoveAsync(CancellationToken.None);
        await using IBackendNetwork again = await StartAsync(2);
        await HasAsync(again, 2);
        await again.RemoveAsync(CancellationToken.None);
    }

    private async Task RemoveAllAsync()
    {
        await using IBackendNetwork network = await CreateAsync();
        await network.RemoveAsync(CancellationToken.None);
        await FindsAsync();
    }
}

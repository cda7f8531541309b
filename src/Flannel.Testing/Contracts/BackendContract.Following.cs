using Flannel.Extensibility;
using Flannel.Testing.Contracts;

namespace Flannel.Testing;

public abstract partial class BackendContract
{
    // Far above what handing a list over takes, far below what programming a kernel with a thousand entries one by one would be allowed to.
    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(5);

    private static ContractCase<BackendContract>[] Following =>
    [
        new(
            "SetPeers_Called_ReturnsAtOnceAndStatusConverges",
            "SetPeers returns at once and never throws; the data path follows, and the status comes to say so.",
            static backend => backend.FollowsPeers()),
        new(
            "SetPeers_PeersOfBefore_AreReplaced",
            "SetPeers replaces the peers of before: who is not among them is not reached any more.",
            static backend => backend.ReplacesPeers()),
        new(
            "SetPeers_Empty_ConvergesWithNobody",
            "A network may have no peers.",
            static backend => backend.HasNobody()),
        new(
            "SetPeers_Returned_StatusDoesNotClaimTooMuch",
            "When SetPeers returns, the status does not say that it has converged unless packets find every peer.",
            static backend => backend.ClaimsNothingTooSoon()),
        new(
            "ChangePeers_CameChangedLeft_AreFollowed",
            "ChangePeers adds, changes and removes peers and leaves the others alone; it returns at once and never throws.",
            static backend => backend.FollowsChanges()),
        new(
            "SetPeers_SameAgain_KeepsTheDataPath",
            "Setting the same peers again changes nothing.",
            static backend => backend.KeepsPeers()),
        new(
            "WatchAsync_Opened_DeliversTheStatusAndEachNewOne",
            "A watch delivers the current status first, and then what it becomes.",
            static backend => backend.TellsItsStatus()),
        new(
            "WatchAsync_Cancelled_Ends",
            "A watch whose token is cancelled ends, by an OperationCanceledException if not by itself.",
            static backend => backend.EndsWatches()),
    ];

    private static void InNoTime(Action call, string what)
    {
        long start = TimeProvider.System.GetTimestamp();
        call();
        TimeSpan took = TimeProvider.System.GetElapsedTime(start);
        Expect.That(took < AtOnce, $"{what} took {took.TotalSeconds:0.0} s.");
    }

    private async Task FollowsPeers()
    {
        await using IBackendNetwork network = await StartAsync();
        Lease[] peers = Peers(network, 1, 2, 3);
        InNoTime(() => network.SetPeers(peers), nameof(network.SetPeers));
        await HasAsync(network, 1, 2, 3);
        await network.RemoveAsync(CancellationToken.None);
    }

    private async Task ReplacesPeers()
    {
        await using IBackendNetwork network = await StartAsync(1, 2);
        network.SetPeers(Peers(network, 2, 3));
        await HasAsync(network, 2, 3);
        await network.RemoveAsync(CancellationToken.None);
    }

    private async Task HasNobody()
    {
        await using IBackendNetwork network = await StartAsync();
        network.SetPeers([]);
        await HasAsync(network);
        await network.RemoveAsync(CancellationToken.None);
    }

    private async Task ClaimsNothingTooSoon()
    {
        await using IBackendNetwork network = await StartAsync(1);
        int[] all = [1, 2, 3, 4, 5, 6, 7, 8, 9];
        Lease[] peers = Peers(network, all);
        network.SetPeers(peers);
        if (network.Status.IsConverged) await FindsAsync(all);
        network.SetPeers([]);
        if (network.Status.IsConverged) await FindsAsync();
        await network.RemoveAsync(CancellationToken.None);
    }

    private async Task FollowsChanges()
    {
        await using IBackendNetwork network = await StartAsync(1, 2);
        Lease kept = Peer(network, 1);
        Lease changed = kept with { Attributes = NewPeer(5, network.Attributes), ModRevision = 99 };
        LeaseChange[] cameAndLeft = [new(null, Peer(network, 3)), new(Peer(network, 2), null)];
        InNoTime(() => network.ChangePeers(cameAndLeft), nameof(network.ChangePeers));
        await HasAsync(network, 1, 3);
        InNoTime(() => network.ChangePeers([new LeaseChange(kept, changed)]), nameof(network.ChangePeers));
        await HasAsync(network, 1, 3);
        InNoTime(() => network.ChangePeers([]), nameof(network.ChangePeers));
        await HasAsync(network, 1, 3);
        await network.RemoveAsync(CancellationToken.None);
    }

    private async Task KeepsPeers()
    {
        await using IBackendNetwork network = await StartAsync(1, 2);
        network.SetPeers(Peers(network, 2, 1));
        await FindsAsync(1, 2);
        await HasAsync(network, 1, 2);
        await network.RemoveAsync(CancellationToken.None);
    }

    private async Task TellsItsStatus()
    {
        await using IBackendNetwork network = await StartAsync();
        await using IAsyncEnumerator<BackendStatus> items = network.WatchAsync(CancellationToken.None).GetAsyncEnumerator(CancellationToken.None);
        Expect.That(await Expect.InTimeAsync(items.MoveNextAsync().AsTask(), "The current status", Patience), "The watch ended by itself.");
        Expect.Same(network.Status.Mtu, items.Current.Mtu, "The MTU in the first status");
        network.SetPeers(Peers(network, 1));
        while (!IsSettled(items.Current))
        {
            Task<bool> next = items.MoveNextAsync().AsTask();
            Expect.That(await Expect.InTimeAsync(next, "A status that has converged", Patience), "The watch ended by itself.");
        }

        await network.RemoveAsync(CancellationToken.None);
    }

    private async Task EndsWatches()
    {
        await using IBackendNetwork network = await StartAsync();
        using var stop = new CancellationTokenSource();
        await using IAsyncEnumerator<BackendStatus> items = network.WatchAsync(stop.Token).GetAsyncEnumerator(CancellationToken.None);
        Expect.That(await Expect.InTimeAsync(items.MoveNextAsync().AsTask(), "The current status", Patience), "The watch ended by itself.");
        await stop.CancelAsync();
        try
        {
            while (await Expect.InTimeAsync(items.MoveNextAsync().AsTask(), "The end of a watch that was cancelled", Patience))
            {
                // What was on its way may still come.
            }
        }
        catch (OperationCanceledException)
        {
            // As announced.
        }

        await network.RemoveAsync(CancellationToken.None);
    }
}

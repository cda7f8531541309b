using System.Net;
using Flannel.Core.Tests.Hosting;

namespace Flannel.Core.Tests.Observation;

public sealed class PeerChangeTests
{
    [Fact]
    public async Task WatchPeers_PeersComeChangeAndGo_TellsEach()
    {
        await using var fixture = new NodeFixture();
        fixture.AddPeer("10.5.1.0/24", "192.168.100.2");
        await fixture.ReadyAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await using IAsyncEnumerator<PeerChange> changes = fixture.Node.WatchPeersAsync(limit.Token).GetAsyncEnumerator(limit.Token);

        PeerChange first = await NextAsync();
        Assert.Equal((ChangeKind.Added, "10.5.1.0-24", null), (first.Kind, first.Subnets.ToString(), first.Before));
        fixture.AddPeer("10.5.0.0/24", "192.168.100.3"); // which the node does not draw
        PeerChange added = await NextAsync();
        Assert.Equal((ChangeKind.Added, "10.5.0.0-24"), (added.Kind, added.Subnets.ToString()));
        fixture.AddPeer("10.5.0.0/24", "192.168.100.4");
        PeerChange changed = await NextAsync();
        Assert.Equal((ChangeKind.Changed, added.After), (changed.Kind, changed.Before));
        Assert.Equal(IPAddress.Parse("192.168.100.4"), changed.After!.Attributes.PublicIP);
        fixture.Memory.Delete("10.5.0.0-24");
        PeerChange removed = await NextAsync();
        Assert.Equal((ChangeKind.Removed, changed.After, null), (removed.Kind, removed.Before, removed.After));

        await fixture.Node.StopAsync();
        PeerChange gone = await NextAsync();
        Assert.Equal((ChangeKind.Removed, first.After), (gone.Kind, gone.Before));
        await fixture.Node.DisposeAsync();
        Assert.False(await changes.MoveNextAsync());

        async Task<PeerChange> NextAsync()
        {
            Assert.True(await changes.MoveNextAsync());
            return changes.Current;
        }
    }
}

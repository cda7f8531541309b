using System.Net;
using System.Text;
using Flannel.Extensibility;
using Flannel.Lab.Namespaces;
using Flannel.Testing;

namespace Flannel.Integration.Tests.Overlay;

/// <content>What happens to the store, and what others write into it.</content>
public sealed partial class FaultMatrixTests
{
    private static async Task StoreAwayAsync(OverlayCluster cluster)
    {
        cluster.Store.Away = FaultyLeaseStore.NoAnswer;
        await cluster.UntilAsync(0, static status => status.State == FlannelNodeState.Degraded);
        cluster.Store.Away = null;
    }

    private static async Task LetLeaseExpireAsync(OverlayCluster cluster)
    {
        Lease lease = cluster.Node(0).Lease;
        // From the peer, too: it would let a host go that comes back later than it waits.
        for (int host = 0; host < 2; host++) cluster.StoreOf(host).Away = FaultyLeaseStore.NoAnswer;
        for (int host = 0; host < 2; host++) await cluster.UntilAsync(host, static status => status.State == FlannelNodeState.Degraded);
        cluster.Memory.Delete(lease.Key.ToString());
        cluster.StoreOf(0).Away = null;
        await UntilTakenAgainAsync(cluster, lease);
        cluster.StoreOf(1).Away = null;
        await cluster.UntilAsync(1, static status => status.State == FlannelNodeState.Ready);
    }

    private static async Task TakeSubnetAsync(OverlayCluster cluster)
    {
        Lease lease = cluster.Node(0).Lease;
        IPAddress holder = IPAddress.Parse("192.168.100.50");
        cluster.StoreOf(0).Away = FaultyLeaseStore.NoAnswer;
        await cluster.UntilAsync(0, static status => status.State == FlannelNodeState.Degraded);
        cluster.Memory.Delete(lease.Key.ToString());
        StoredEntry taken = cluster.Memory.Put(
            lease.Key, lease.Attributes with { PublicIP = holder, PublicIPv6 = IPAddress.Parse("fd00:100::50") }, TimeSpan.FromHours(1));
        cluster.StoreOf(0).Away = null;
        FlannelNodeStatus status = await cluster.UntilAsync(0, static status => status.Error is LeaseLostException);
        Assert.Equal((FlannelNodeState.Failed, false), (status.State, status.IsReady));
        Assert.Contains(holder.ToString(), status.Reason, StringComparison.Ordinal);

        // The peer follows the store. The way to the peer is no less right than before.
        await cluster.UntilAsync(1, status => status.IsConverged && status.Peers.Values.Any(peer => holder.Equals(peer.Attributes.PublicIP)));
        string[] routes = await RoutesOfAsync(cluster);
        Assert.Equal(2, routes.Length);
        StoreSnapshot stored = await cluster.Memory.ListAsync(null, CancellationToken.None);
        Assert.Equal(taken.ModRevision, stored.Entries.Single(entry => entry.Key == taken.Key).ModRevision);

        cluster.Memory.Delete(lease.Key.ToString());
        await UntilTakenAgainAsync(cluster, lease);
    }

    private static async Task LoseLeaseAsync(OverlayCluster cluster)
    {
        Lease lease = cluster.Node(0).Lease;
        cluster.Memory.Delete(lease.Key.ToString());
        await UntilTakenAgainAsync(cluster, lease);
    }

    /// <summary>A host of another network with the same addresses, as machines behind a translation of addresses have them.</summary>
    private static async Task AddTwinAsync(OverlayCluster cluster)
    {
        LabHost first = cluster.Hosts[0], twin = cluster.Lab.AddHost();
        await cluster.Lab.Underlay.ExecAsync("sh", "-e", "-c", "ip link add br1 type bridge; ip link set br1 up; ip link set h3 master br1");
        await twin.ExecAsync(
            "sh",
            "-e",
            "-c",
            $"ip addr flush dev eth0; ip addr add {first.Address}/24 dev eth0; ip addr add {first.AddressIPv6}/64 dev eth0 nodad; {DefaultRoutes}");
        await cluster.AddNodeAsync(twin);
        FlannelNodeStatus refused = await cluster.UntilAsync(2, static status => status.Reason.Contains("PublicIP", StringComparison.Ordinal));
        Assert.False(refused.IsReady);
        FlannelNodeStatus told = await cluster.UntilAsync(0, static status => status.Error is DuplicatePublicAddressException);
        Assert.Equal((FlannelNodeState.Degraded, true), (told.State, told.IsReady));
        Assert.Contains($"{first.Address}", told.Reason, StringComparison.Ordinal);
    }

    private static async Task ChangeConfigAsync(OverlayCluster cluster)
    {
        NetworkConfig before = cluster.Node(0).Status.Config!;
        NetworkConfig followed = before with { SubnetMin = IPAddress.Parse("10.5.0.0"), Backend = WithMtu(before.Backend!) };
        int mtu = before.BackendType == Vxlan ? 1330 : cluster.Node(0).Mtu;
        cluster.Memory.SetConfig(followed);
        for (int host = 0; host < 2; host++)
        {
            await cluster.UntilAsync(
                host, status => status is { State: FlannelNodeState.Ready, PendingConfig: null } && status.Config == followed && status.Mtu == mtu);
        }

        cluster.Memory.SetConfig(followed with { Backend = WithWhatCutsOff(before.BackendType) });
        FlannelNodeStatus pending = await cluster.UntilAsync(0, static status => status.PendingConfig is not null);
        Assert.Equal((FlannelNodeState.Ready, followed), (pending.State, pending.Config));
        Assert.Contains("peer", pending.PendingConfig!.ToString(), StringComparison.Ordinal);
        cluster.Memory.SetConfig(followed);
        for (int host = 0; host < 2; host++) await cluster.UntilAsync(host, static status => status.PendingConfig is null);

        // Nothing of the other blocks can change without cutting peers off.
        static string WithMtu(string block) => block.Replace("\"vxlan\"", "\"vxlan\",\"MTU\":1400", StringComparison.Ordinal);
        static string WithWhatCutsOff(string type) => type switch
        {
            Vxlan => """{"Type":"vxlan","VNI":7}""",
            HostGateway => Backends[Vxlan],
            _ => """{"Type":"udp","Port":8290}""",
        };
    }

    private static async Task SpoilConfigAsync(OverlayCluster cluster)
    {
        NetworkConfig config = cluster.Node(0).Status.Config!;
        (string?, string)[] spoilt = [("{\"Network\":", "JSON"), ("{\"Network\":\"10.5.0.0/33\"}", "Network"), (null, "config")];
        foreach ((string? document, string mentions) in spoilt)
        {
            cluster.Memory.SetConfig(document);
            FlannelNodeStatus status = await cluster.UntilAsync(
                0, status => status.PendingConfig?.ToString().Contains(mentions, StringComparison.Ordinal) == true);
            Assert.Equal((FlannelNodeState.Ready, config), (status.State, status.Config));
            await AssertFlowsAsync(cluster);
        }

        cluster.Memory.SetConfig(config);
        for (int host = 0; host < 2; host++) await cluster.UntilAsync(host, static status => status.PendingConfig is null);
    }

    private static async Task PutHostileDocumentsAsync(OverlayCluster cluster)
    {
        Lease own = cluster.Node(0).Lease, peer = cluster.Node(1).Lease;
        (string Key, string Document)[] hostile =
        [
            ("10.5.250.0-24", "{not json"),
            ("8.8.8.0-24", DocumentOf(peer, "192.168.100.50")),
            ("192.168.100.0-24", DocumentOf(peer, "192.168.100.51")),
            ("10.5.251.0-24", DocumentOf(peer, "224.0.0.9")),
            ("10.5.252.0-24", DocumentOf(peer, "127.0.0.1")),
            ($"{own.Subnet!.Value.BaseAddress}-25", DocumentOf(peer, "192.168.100.52")),
        ];
        foreach ((string key, string document) in hostile) cluster.Memory.Put(key, Encoding.UTF8.GetBytes(document), null);
        await cluster.UntilAsync(0, status => status.Quarantined.Count == hostile.Length);
    }

    private static async Task EmptyStoreAsync(OverlayCluster cluster)
    {
        Lease own = cluster.Node(0).Lease, peer = cluster.Node(1).Lease;
        NetworkConfig config = cluster.Node(0).Status.Config!;
        // The peer does not take its lease again meanwhile.
        cluster.StoreOf(1).Away = FaultyLeaseStore.NoAnswer;
        await cluster.UntilAsync(1, static status => status.State == FlannelNodeState.Degraded);
        // The other one finds it empty, as after a restore; a watch could tell it of one thing after the other.
        cluster.StoreOf(0).Away = FaultyLeaseStore.NoAnswer;
        await cluster.UntilAsync(0, static status => status.State == FlannelNodeState.Degraded);
        cluster.Memory.SetConfig((string?)null);
        foreach (Lease lease in new[] { peer, own }) cluster.Memory.Delete(lease.Key.ToString());
        cluster.StoreOf(0).Away = null;
        FlannelNodeStatus status = await cluster.UntilAsync(
            0, status => status.PeersRetained == 1 && status.Lease!.ModRevision > own.ModRevision);
        Assert.Equal((FlannelNodeState.Degraded, true), (status.State, status.IsReady));
        Assert.Single(status.Peers);
        await AssertFlowsAsync(cluster);

        cluster.Memory.SetConfig(config);
        cluster.StoreOf(1).Away = null;
        await cluster.UntilAsync(0, static status => status is { PeersRetained: 0, PendingConfig: null });
    }

    private static Task<FlannelNodeStatus> UntilTakenAgainAsync(OverlayCluster cluster, Lease lease) =>
        cluster.UntilAsync(0, status => status.State == FlannelNodeState.Ready && status.Lease!.ModRevision > lease.ModRevision);

    private static string DocumentOf(Lease peer, string publicIP) =>
        $$"""{"PublicIP":"{{publicIP}}","BackendType":"{{peer.Attributes.BackendType}}","BackendData":{{peer.Attributes.BackendData ?? "null"}}}""";
}

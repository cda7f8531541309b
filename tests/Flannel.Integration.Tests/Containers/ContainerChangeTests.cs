using System.Net;
using System.Net.Sockets;
using Flannel.Extensibility;
using Flannel.Integration.Tests.Overlay;
using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Addresses;

namespace Flannel.Integration.Tests.Containers;

/// <summary>What changes at a running node reaches the containers that are attached, or is reported.</summary>
public sealed class ContainerChangeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("flannel-change-").FullName;
    private readonly List<NetworkNamespace> _namespaces = [];

    public void Dispose()
    {
        _namespaces.ForEach(static one => one.Dispose());
        Directory.Delete(_folder, recursive: true);
    }

    [NetnsTheory]
    [InlineData(ContainerMode.Bridge)]
    [InlineData(ContainerMode.Routed)]
    public async Task Mtu_ChangedInTheStore_ReachesBridgeAndBothEnds(ContainerMode mode)
    {
        await using OverlayCluster cluster = await OverlayCluster.StartAsync(2);
        await using ContainerNetwork near = Open(cluster, 0, mode), far = Open(cluster, 1, mode);
        ContainerAttachment one = NewAttachment("one"), two = NewAttachment("two");
        AttachedContainer first = await near.AttachAsync(one);
        AttachedContainer second = await far.AttachAsync(two);
        Assert.Equal((1450, 1450), (first.Mtu, second.Mtu));

        foreach (int mtu in new[] { 1350, 1400 }) // down, and up again
        {
            cluster.Memory.SetConfig(OverlayCluster.Vxlan.Replace("\"vxlan\"", $"\"vxlan\",\"MTU\":{mtu + 50}", StringComparison.Ordinal));

            await Eventually.IsTrueAsync(
                () => MtusOf(cluster.Hosts[0], first, one, mode).All(found => found == mtu), $"an MTU of {mtu} on the first host");
            await Eventually.IsTrueAsync(
                () => MtusOf(cluster.Hosts[1], second, two, mode).All(found => found == mtu), $"an MTU of {mtu} on the second host");
            Assert.Equal("all is well", (await near.CheckAsync(one)).ToString());
            Assert.Equal(mtu, Assert.Single(await near.ListAsync()).Mtu);
            Assert.True((await Pinger.PingAsync(one.Namespace!, second.Addresses[0])).Received > 0, $"{second.Addresses[0]} does not answer");
        }

        Assert.Equal(1400, (await near.AttachAsync(NewAttachment("late"))).Mtu);
    }

    [NetnsTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Subnet_Changed_IsReported_AndNewContainersGetTheNewOne(bool byAnotherHost)
    {
        await using OverlayCluster cluster = await OverlayCluster.StartAsync(2);
        await using ContainerNetwork network = Open(cluster, 0, ContainerMode.Bridge), far = Open(cluster, 1, ContainerMode.Bridge);
        await network.AttachAsync(NewAttachment("old"));
        SubnetKey before = cluster.Node(0).Lease.Key;

        if (byAnotherHost) await LoseLeaseAsync(cluster);
        else await MoveNetworkAsync(cluster);
        FlannelNodeStatus status = await cluster.UntilAsync(0, found => found is { IsReady: true, Lease: { } lease } && lease.Key != before);
        FlannelNodeStatus peer = await cluster.UntilAsync(
            1, found => found is { State: FlannelNodeState.Ready, IsConverged: true } && found.Peers.ContainsKey(status.Lease!.Key));
        // The subnet that another host has now is the one of a bridge here for as long as its old containers are there.
        await cluster.UntilAsync(
            0,
            found => found is { IsReady: true, IsConverged: true }
                && found.Peers.ContainsKey(peer.Lease!.Key) && found.PeerProblems.ContainsKey(before) == byAnotherHost);

        Assert.Equal(ContainerState.OutdatedSubnet, Assert.Single(await network.ListAsync()).State);
        ContainerAttachment fresh = NewAttachment("fresh");
        AttachedContainer attached = await network.AttachAsync(fresh);
        Assert.True(status.Lease!.Subnet!.Value.Contains(attached.Addresses[0]), $"{attached.Addresses[0]} is not of {status.Lease.Subnet}");
        AttachedContainer other = await far.AttachAsync(NewAttachment("other"));
        Assert.True((await Pinger.PingAsync(fresh.Namespace!, other.Addresses[0])).Received > 0, $"{other.Addresses[0]} does not answer");

        await network.DetachAsync("old");
        await network.CollectGarbageAsync(["fresh"]);
        Assert.Equal([attached.Gateways[0]], GatewaysOf(cluster.Hosts[0]));
        Assert.Equal(ContainerState.Attached, Assert.Single(await network.ListAsync()).State);
    }

    [NetnsFact]
    public async Task Subnet_HeldByAnotherHost_IsGivenToNoNewContainer()
    {
        await using OverlayCluster cluster = await OverlayCluster.StartAsync(1);
        await using ContainerNetwork network = Open(cluster, 0, ContainerMode.Bridge);
        ContainerAttachment before = NewAttachment("before"), late = NewAttachment("late");
        AttachedContainer attached = await network.AttachAsync(before);

        Lease lease = cluster.Node(0).Lease;
        cluster.Memory.Put(lease.Key, lease.Attributes with { PublicIP = IPAddress.Parse("192.168.100.50") }, TimeSpan.FromHours(1));
        await cluster.UntilAsync(0, static status => status.Error is LeaseLostException);
        ContainerNetworkException refusal = await Assert.ThrowsAsync<ContainerNetworkException>(() => network.AttachAsync(late));
        Assert.Equal(ContainerNetworkError.NoLease, refusal.Error);
        Assert.Contains("192.168.100.50", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(attached.Addresses, (await network.AttachAsync(before)).Addresses);
        Assert.Equal(ContainerState.Attached, Assert.Single(await network.ListAsync()).State);

        cluster.Memory.Delete(lease.Key.ToString());
        await cluster.UntilAsync(0, static status => status.State == FlannelNodeState.Ready);
        Assert.NotEmpty((await network.AttachAsync(late)).Addresses);
    }

    /// <summary>Another host holds the subnet; the node, which does not take it by force, leases another one when its address changes.</summary>
    private static async Task LoseLeaseAsync(OverlayCluster cluster)
    {
        Lease lease = cluster.Node(0).Lease;
        LeaseAttributes another = lease.Attributes with
        {
            PublicIP = IPAddress.Parse("192.168.100.50"),
            BackendData = """{"VNI":1,"VtepMAC":"02:00:00:00:00:50"}""",
        };
        cluster.Memory.Put(lease.Key, another, TimeSpan.FromHours(1));
        await cluster.UntilAsync(0, static status => status.Error is LeaseLostException);
        LabHost host = cluster.Hosts[0];
        int eth0 = host.Device("eth0").Index;
        host.Netlink.DeleteAddress(new InterfaceAddress { LinkIndex = eth0, Address = host.Address!, PrefixLength = 24 });
        host.Netlink.AddAddress(new InterfaceAddress { LinkIndex = eth0, Address = IPAddress.Parse("192.168.100.77"), PrefixLength = 24 });
    }

    /// <summary>The whole network moves: nodes follow when they are started again, and who attaches containers to them goes on.</summary>
    private static async Task MoveNetworkAsync(OverlayCluster cluster)
    {
        for (int host = 0; host < cluster.Hosts.Count; host++) await cluster.Node(host).StopAsync();
        cluster.Memory.SetConfig(OverlayCluster.Vxlan.Replace("10.5.", "10.6.", StringComparison.Ordinal));
        for (int host = 0; host < cluster.Hosts.Count; host++) await cluster.Node(host).StartAsync();
    }

    private ContainerNetwork Open(OverlayCluster cluster, int host, ContainerMode mode) => ContainerNetwork.For(
        cluster.Node(host),
        new ContainerNetworkOptions
        {
            NetworkNamespace = cluster.Hosts[host].NamespaceName,
            StateDirectory = Path.Combine(_folder, $"{host}"),
            Mode = mode,
        });

    private ContainerAttachment NewAttachment(string id)
    {
        _namespaces.Add(NetworkNamespace.CreateAnonymous());
        return new ContainerAttachment(id) { Namespace = _namespaces[^1] };
    }

    private static List<int> MtusOf(LabHost host, AttachedContainer container, ContainerAttachment attachment, ContainerMode mode)
    {
        using RouteNetlink inside = attachment.Namespace!.Run(static () => RouteNetlink.Open());
        List<int> mtus = [host.Device(container.HostInterface).Mtu, inside.FindLink("eth0")!.Mtu];
        if (mode == ContainerMode.Bridge) mtus.Add(host.Device("cni0").Mtu);
        return mtus;
    }

    private static IEnumerable<IPAddress> GatewaysOf(LabHost host) =>
        host.Netlink.GetAddresses(AddressFamily.InterNetwork, host.Device("cni0").Index).Select(static address => address.Address);
}

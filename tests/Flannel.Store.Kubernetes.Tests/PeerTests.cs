using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Flannel.Extensibility;
using Flannel.Lab.Leases;
using Flannel.Store.Kubernetes.Tests.Lab;
using Flannel.Testing;

namespace Flannel.Store.Kubernetes.Tests;

public sealed class PeerTests
{
    [Fact]
    public async Task Peers_AreTheManagedNodes_AndFollowed()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        lab.PutNode(3, managed: false);
        LeaseFollower node = await lab.JoinAsync();
        await node.UntilAsync<LeaseSnapshot>();
        Lease peer = Assert.Single(node.Peers.Values);
        Assert.Equal("10.244.2.0-24", peer.Key.ToString());
        Assert.Equal(KubeLab.Attributes(2), peer.Attributes);
        Assert.Empty(node.Quarantine);

        lab.PutNode(3);
        await node.UntilAsync(follower => follower.Peers.ContainsKey("10.244.3.0-24"));
        lab.Annotate(3, ("backend-data", KubeLab.Data(30)));
        await node.UntilAsync(follower => follower.Peers["10.244.3.0-24"].Attributes.BackendData == KubeLab.Data(30));
        lab.Api.Nodes.Delete("host3");
        await node.UntilAsync(follower => follower.Peers.Count == 1);
    }

    [Fact]
    public async Task Peer_ThatLosesItsAnnotation_IsGone_AlsoWhenItIsDeletedAfterwards()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2, 3);
        LeaseFollower node = await lab.JoinAsync();
        await node.UntilAsync(follower => follower.Peers.Count == 2);

        lab.Annotate(2, ("kube-subnet-manager", null));
        await node.UntilAsync(follower => follower.Peers.Count == 1);
        lab.Api.Nodes.Delete("host2");
        lab.Annotate(3, ("kube-subnet-manager", "false"));
        await node.UntilAsync(follower => follower.Peers.Count == 0);
    }

    [Fact]
    public async Task Peers_MostOfThemDeleted_AreKeptForAWhileAndTold()
    {
        TimeSpan grace = TimeSpan.FromSeconds(2), massGrace = TimeSpan.FromMinutes(2);
        await using KubeLab lab = await KubeLab.StartAsync(1, 2, 3, 4, 5);
        (lab.NodeOptions.PeerGracePeriod, lab.NodeOptions.MassRemovalGracePeriod) = (grace, massGrace);
        var time = new FakeTimeProvider();
        LeaseFollower node = await lab.JoinAsync(lab.NewManager(time));
        await node.UntilAsync<LeaseSnapshot>();

        for (int host = 2; host <= 4; host++) lab.Api.Nodes.Delete($"host{host}");
        await node.UntilAsync<PeersRetained>(static retained => retained.Count == 3);
        lab.PutNode(2);
        await node.UntilAsync<PeersRetained>(static retained => retained.Count == 2);
        Assert.Equal(4, node.Peers.Count);
        Assert.Empty(node.Seen.OfType<LeaseChanges>());

        time.Advance(massGrace + grace);
        await node.UntilAsync<PeersRetained>(static retained => retained.Count == 0);
        Assert.Equal(["10.244.2.0-24", "10.244.5.0-24"], node.Peers.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Peer_MadeAnewInAGap_WithAnotherCidr_IsARemovalAndAnAddition()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        LeaseFollower node = await lab.JoinAsync();
        await node.UntilAsync<LeaseSnapshot>();
        await lab.Api.UntilAsync(requests => requests.Any(request => request.IsWatch));

        await lab.Api.StopAsync();
        lab.Api.Nodes.Delete("host2");
        lab.PutNode(2, managed: true, cidr: "10.244.99.0/24");
        lab.Api.Nodes.Forget();
        await lab.Api.RestartAsync();
        LeaseChanges changes = await node.UntilAsync<LeaseChanges>();

        Assert.Equal(2, changes.Changes.Count);
        Assert.Equal(("10.244.2.0-24", null), (changes.Changes[0].Before?.Key.ToString(), changes.Changes[0].After?.Key.ToString()));
        Assert.Equal((null, "10.244.99.0-24"), (changes.Changes[1].Before?.Key.ToString(), changes.Changes[1].After?.Key.ToString()));
        lab.Api.Nodes.Delete("host2");
        await node.UntilAsync(follower => follower.Peers.Count == 0);
    }

    [Fact]
    public async Task Peer_MadeAnewUnderTheWatch_WithAnotherCidr_IsARemovalAndAnAddition()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        LeaseFollower node = await lab.JoinAsync();
        await node.UntilAsync<LeaseSnapshot>();

        // As an informer sees it that missed the deletion: one name, another uid.
        lab.PutNode(2, managed: true, cidr: "10.244.98.0/24");
        await node.UntilAsync(follower => follower.Peers.ContainsKey("10.244.98.0-24"));
        Assert.Single(node.Peers);
    }

    [Theory]
    [InlineData("public-ip", "10.1", "public-ip is \"10.1\"")]
    [InlineData("public-ip", "127.0.0.1", "loopback")]
    [InlineData("public-ip", "224.0.0.1", "multicast")]
    [InlineData("public-ip", "192.168.205.10", "this node's own")]
    [InlineData("public-ip", "10.244.9.9", "inside the overlay")]
    [InlineData("public-ip", "fd00::1", "no IPv4 address")]
    [InlineData("public-ip", null, "PublicIP is missing")]
    [InlineData("backend-type", "host-gw", "BackendType")]
    [InlineData("backend-data", "{\"VNI\":", "not JSON")]
    [InlineData("backend-data", "\u001b[31m", "not JSON")]
    [InlineData("backend-data", "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]", "not JSON")]
    public async Task Peer_WithABadAnnotation_IsRefusedWithTheReason_AndLeavesProperly(string name, string? value, string reason)
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        LeaseFollower node = await lab.JoinAsync();
        await node.UntilAsync<LeaseSnapshot>();

        lab.PutNode(3, managed: true, cidr: "", (name, value));
        await node.UntilAsync(follower => follower.Quarantine.Count == 1);
        Assert.Equal("host3", node.Quarantine[0].Key);
        Assert.Contains(reason, node.Quarantine[0].Reason, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', node.Quarantine[0].Reason);

        lab.Annotate(3, ("public-ip", "192.168.205.12"), ("backend-type", "vxlan"), ("backend-data", KubeLab.Data(3)));
        await node.UntilAsync(follower => follower.Peers.Count == 2 && follower.Quarantine.Count == 0);
        lab.Annotate(3, (name, value));
        await node.UntilAsync(follower => follower.Quarantine.Count == 1);
        Assert.Equal(2, node.Peers.Count); // as it last was good
        lab.Api.Nodes.Delete("host3");
        await node.UntilAsync(follower => follower.Peers.Count == 1 && follower.Quarantine.Count == 0);
    }

    [Fact]
    public async Task Peer_WithOversizedAnnotations_OrAnObjectOfAMegabyte_HarmsNobody()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        JsonObject large = lab.NewNode(3);
        large["metadata"]!["annotations"]!["example.com/large"] = new string('x', 1 << 20);
        lab.Api.Nodes.Put(large);
        lab.PutNode(4, managed: true, cidr: "", ("backend-data", new string('x', 200_000)));
        lab.PutNode(5);
        LeaseFollower node = await lab.JoinAsync();

        await node.UntilAsync(follower => follower.Peers.Count == 3 && follower.Quarantine.Count == 1);

        Assert.Contains("longer than 16384", node.Quarantine[0].Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "no podCIDR")]
    [InlineData("nonsense", "\"nonsense\"")]
    [InlineData("10.244.3.0/33", "\"10.244.3.0/33\"")]
    [InlineData("10.99.3.0/24", "outside the network")]
    [InlineData("10.244.1.0/25", "overlaps this node's")]
    [InlineData("10.244.0.0/16", "overlaps this node's")]
    [InlineData("10.244.2.0/24", "overlaps host2")]
    [InlineData("10.244.2.128/25", "overlaps host2")]
    [InlineData("10.244.3.0/24,fd00::/64,fd01::/64", "3 podCIDRs")]
    [InlineData("fd00::/64", "IPv6")]
    public async Task Peer_WithABadCidr_IsRefusedWithTheReason(string? cidr, string reason)
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        lab.PutNode(3, managed: true, cidr: cidr);
        LeaseFollower node = await lab.JoinAsync();

        await node.UntilAsync(follower => follower.Quarantine.Count == 1);

        Assert.Contains(reason, node.Quarantine[0].Reason, StringComparison.Ordinal);
        await node.UntilAsync(follower => follower.Peers.Count == 1);
        lab.Api.Nodes.Delete("host3");
        await node.UntilAsync(follower => follower.Quarantine.Count == 0);
    }

    [Fact]
    public async Task DuplicateCidr_PassesToTheYounger_WhenTheOlderGoes()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        lab.PutNode(3, managed: true, cidr: "10.244.2.0/24");
        LeaseFollower node = await lab.JoinAsync();
        await node.UntilAsync(follower => follower.Peers.Count == 1);

        lab.Api.Nodes.Delete("host2");
        LeaseChanges changes = await node.UntilAsync<LeaseChanges>();

        LeaseChange change = Assert.Single(changes.Changes);
        Assert.Equal(
            ("192.168.205.11", "192.168.205.12"), (change.Before!.Attributes.PublicIP!.ToString(), change.After!.Attributes.PublicIP!.ToString()));
    }

    [Fact]
    public async Task PeerRule_OfTheBackend_Counts()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2, 3);
        LeaseFollower node = await lab.JoinAsync(
            rule: peer => peer.Attributes.BackendData == KubeLab.Data(3) ? "its MAC is no unicast address" : null);

        await node.UntilAsync(follower => follower.Quarantine.Count == 1 && follower.Peers.Count == 1);

        Assert.Equal("its MAC is no unicast address", node.Quarantine[0].Reason);
    }

    [Fact]
    public async Task ExternalVtep_MadeByHand_IsAPeer()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1);
        lab.Api.Nodes.Put((JsonObject)JsonNode.Parse("""
            {"kind":"Node","apiVersion":"v1","metadata":{"name":"switch","uid":"u","annotations":{
              "flannel.alpha.coreos.com/kube-subnet-manager":"true","flannel.alpha.coreos.com/backend-type":"vxlan",
              "flannel.alpha.coreos.com/backend-data":"{\"VtepMAC\":\"aa:bb:cc:dd:ee:ff\"}","flannel.alpha.coreos.com/public-ip":"203.0.113.1"}},
             "spec":{"podCIDR":"10.244.200.0/24"}}
            """)!);
        LeaseFollower node = await lab.JoinAsync();

        await node.UntilAsync(follower => follower.Peers.ContainsKey("10.244.200.0-24"));

        Assert.Equal("""{"VtepMAC":"aa:bb:cc:dd:ee:ff"}""", node.Peers["10.244.200.0-24"].Attributes.BackendData);
    }

    [Fact]
    public async Task HostGateway_OfFlannel_IsRead()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1);
        lab.PutNode(2, managed: true, cidr: "", ("backend-type", "host-gw"), ("backend-data", "null"));
        LeaseFollower node = await lab.JoinAsync(
            attributes: new LeaseAttributes { PublicIP = IPAddress.Parse("192.168.205.10"), BackendType = "host-gw" });

        await node.UntilAsync(follower => follower.Peers.Count == 1);

        Assert.Null(node.Peers.Values.Single().Attributes.BackendData);
        Assert.Equal("null", lab.Annotation(1, "backend-data"));
    }

    [Fact]
    public async Task DualStack_IsPublishedAndRead()
    {
        await using KubeLab lab = await KubeLab.StartAsync();
        lab.WriteConfig("""{"Network":"10.244.0.0/16","EnableIPv6":true,"IPv6Network":"fd00:10:244::/56","Backend":{"Type":"vxlan"}}""");
        lab.PutNode(1, managed: false, cidr: "10.244.1.0/24,fd00:10:244:1::/64");
        lab.PutNode(
            2, managed: true, cidr: "10.244.2.0/24,fd00:10:244:2::/64", ("public-ipv6", "2001:db8::2"), ("backend-v6-data", KubeLab.Data(22)));
        lab.PutNode(3, managed: true, cidr: "10.244.3.0/24,fd00:10:244:3::/64");
        LeaseAttributes own = KubeLab.Attributes() with { PublicIPv6 = IPAddress.Parse("2001:db8::1"), BackendV6Data = KubeLab.Data(11) };
        LeaseFollower node = await lab.JoinAsync(attributes: own);

        await node.UntilAsync(follower => follower.Peers.Count == 2);

        Assert.Equal("10.244.1.0-24&fd00:10:244:1::-64", node.Own.Key.ToString());
        Assert.Equal(("2001:db8::1", KubeLab.Data(11)), (lab.Annotation(1, "public-ipv6"), lab.Annotation(1, "backend-v6-data")));
        Assert.Equal(KubeLab.Data(22), node.Peers["10.244.2.0-24&fd00:10:244:2::-64"].Attributes.BackendV6Data);
        Assert.Contains("10.244.3.0-24", node.Peers.Keys); // over IPv4, as long as it publishes nothing else
    }

    [Fact]
    public async Task ThousandNodes_ComeInPages()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1);
        lab.WriteConfig("""{"Network":"10.0.0.0/8","Backend":{"Type":"vxlan"}}""");
        for (int i = 2; i <= 1001; i++)
        {
            lab.PutNode(
                i,
                managed: true,
                cidr: string.Create(CultureInfo.InvariantCulture, $"10.{i >> 8}.{i & 0xff}.0/24"),
                ("public-ip", string.Create(CultureInfo.InvariantCulture, $"172.16.{i >> 8}.{i & 0xff}")));
        }

        lab.PutNode(1, managed: false, cidr: "10.200.1.0/24");
        LeaseFollower node = await lab.JoinAsync();

        LeaseSnapshot snapshot = await node.UntilAsync<LeaseSnapshot>();

        Assert.Equal(1000, snapshot.Peers.Count);
        Assert.Equal(3, lab.Api.Requests.Count(request => request.IsList));
        Assert.Contains(lab.Api.Requests, request => request.Query == "?limit=500&resourceVersion=0");
        Assert.Contains(lab.Api.Requests, request => request.Query == "?limit=500&continue=500");
    }

    [Fact]
    public async Task Limits_OfPeers_Hold()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2, 3, 4);
        lab.NodeOptions.MaxPeers = 2;
        LeaseFollower node = await lab.JoinAsync();
        await node.UntilAsync(follower => follower.Peers.Count == 2);
        Assert.Equal(1, node.Seen.OfType<QuarantineChanged>().Last().LeftOut);

        lab.Api.Nodes.Delete("host2");
        await node.UntilAsync(follower => follower.Peers.ContainsKey("10.244.4.0-24"));
    }
}

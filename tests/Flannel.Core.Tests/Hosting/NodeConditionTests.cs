using System.Net;
using Flannel.Core.Leases;
using Flannel.Extensibility;
using Flannel.Testing;

namespace Flannel.Core.Tests.Hosting;

/// <summary>What a node says of itself: ready means ready, and whatever is wrong shows with what to do about it.</summary>
public class NodeConditionTests
{
    private static readonly IPNetwork OldSubnet = IPNetwork.Parse("10.5.9.0/24");

    public static TheoryData<HostPrefix[]> Collisions => new()
    {
        new[] { new HostPrefix(OldSubnet, "eth0", IsAddress: true, Gateway: null) },
        new[] { new HostPrefix(IPNetwork.Parse("10.5.8.0/23"), "eth0", IsAddress: false, Gateway: null) },
        new[] { new HostPrefix(IPNetwork.Parse("10.5.8.0/23"), "", IsAddress: false, Gateway: null) },
        new[] { new HostPrefix(IPNetwork.Parse("10.5.0.0/16"), "eth0", IsAddress: false, IPAddress.Parse("192.168.100.254")) },
        new[] { new HostPrefix(IPNetwork.Parse("10.0.0.0/8"), "", IsAddress: false, Gateway: null) },
        new[] { new HostPrefix(IPNetwork.Parse("10.5.8.0/23"), "docker0", IsAddress: false, IPAddress.Parse("10.5.9.1")) { IsOnBridge = true } },
        new[] { new HostPrefix(IPNetwork.Parse("10.5.0.0/16"), "docker0", IsAddress: true, Gateway: null) { IsOnBridge = true } },
        new[] { new HostPrefix(IPNetwork.Parse("10.0.0.0/8"), "docker0", IsAddress: true, Gateway: null) { IsOnBridge = true } },
        new[]
        {
            new HostPrefix(OldSubnet, "docker0", IsAddress: true, Gateway: null) { IsOnBridge = true },
            new HostPrefix(IPNetwork.Parse("10.5.10.0/24"), "docker0", IsAddress: true, Gateway: null) { IsOnBridge = true },
        },
    };

    [Theory]
    [InlineData("docker0", "10.5.9.0/24")]
    [InlineData("cni0", "10.5.8.0/22")]
    public async Task Bridge_HoldsAnOldSubnet_StartsDegradedAndNamesIt(string device, string prefix)
    {
        await using var fixture = new NodeFixture();
        fixture.AddPeer("10.5.20.0/24", "192.168.100.1"); // its own lease, so that it does not draw the bridge's
        fixture.Host.Prefixes =
        [
            new HostPrefix(IPNetwork.Parse(prefix), device, IsAddress: true, Gateway: null) { IsOnBridge = true },
            new HostPrefix(IPNetwork.Parse(prefix), device, IsAddress: false, Gateway: null) { IsOnBridge = true },
        ];

        await fixture.ReadyAsync();

        Assert.Equal(FlannelNodeState.Degraded, fixture.Node.Status.State);
        Assert.True(fixture.Node.Status.IsReady);
        Assert.Contains($"the bridge {device} still holds {prefix}", fixture.Node.Status.Reason, StringComparison.Ordinal);
        Assert.Contains("Restart", fixture.Node.Status.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Peers_AreNotProgrammedYet_IsReadyAndSaysSo()
    {
        await using var fixture = new NodeFixture();
        await fixture.ReadyAsync();
        await fixture.UntilAsync(static status => status.IsConverged);

        fixture.Network.Report(static status => status with { IsConverged = false });
        FlannelNodeStatus changing = await fixture.UntilAsync(static status => !status.IsConverged);
        Assert.Equal(FlannelNodeState.Ready, changing.State);

        fixture.Network.Report(static status => status with { IsConverged = true });
        await fixture.UntilAsync(static status => status.IsConverged);
    }

    [Fact]
    public async Task Guard_IsNotThere_IsDegradedAndReady()
    {
        await using var fixture = new NodeFixture();
        await fixture.ReadyAsync();

        fixture.Network.Report(static status => status with { Guard = new GuardStatus { Problem = "the tunnel is not guarded" } });

        FlannelNodeStatus status = await fixture.UntilAsync(static status => status.State == FlannelNodeState.Degraded);
        Assert.True(status.IsReady);
        Assert.Equal("the tunnel is not guarded", status.Reason);
        Assert.Equal("the tunnel is not guarded", status.Guard!.Problem);

        fixture.Network.Report(static status => status with { Guard = new GuardStatus() });
        await fixture.UntilAsync(static status => status.State == FlannelNodeState.Ready);
    }

    [Theory]
    [MemberData(nameof(Collisions))]
    public async Task OtherCollisions_StillRefuse(HostPrefix[] prefixes)
    {
        await using var fixture = new NodeFixture();
        fixture.Host.Prefixes = prefixes;
        await fixture.Node.StartAsync();

        var error = await Assert.ThrowsAsync<NetworkOverlapException>(() => fixture.Node.WaitForReadyAsync());

        Assert.Contains("-allow-overlap", error.Message, StringComparison.Ordinal);
        Assert.Empty(fixture.Backend.Networks);
    }

    [Theory]
    [InlineData("10.5.3.0/24")]
    [InlineData("10.5.0.0/17")]
    public async Task Bridge_IsTheExternalInterface_RefusesAsAnyOtherDoes(string prefix)
    {
        await using var fixture = new NodeFixture(address: "10.5.3.7");
        fixture.Host.External = fixture.Host.External with { Name = "br0" };
        fixture.Host.Prefixes =
        [
            new HostPrefix(IPNetwork.Parse(prefix), "br0", IsAddress: true, Gateway: null) { IsOnBridge = true },
            new HostPrefix(IPNetwork.Parse(prefix), "br0", IsAddress: false, Gateway: null) { IsOnBridge = true },
            new HostPrefix(OldSubnet, "docker0", IsAddress: true, Gateway: null) { IsOnBridge = true },
        ];
        await fixture.Node.StartAsync();

        var error = await Assert.ThrowsAsync<NetworkOverlapException>(() => fixture.Node.WaitForReadyAsync());

        Assert.All(error.Conflicts, conflict => Assert.Equal("br0", conflict.Device));
        Assert.Empty(fixture.Backend.Networks);
    }

    [Theory]
    [InlineData("10.5.9.0/24", "eth0", null)]
    [InlineData("10.5.9.128/25", "eth0", "192.168.100.254")]
    [InlineData("10.5.9.7/32", "wg0", null)]
    [InlineData("10.5.52.0/24", "", null)] // a blackhole
    [InlineData("10.5.9.0/24", "docker0", "10.5.9.1")]
    public async Task Route_NoWiderThanOneHostsSubnet_IsNoCollision(string prefix, string device, string? gateway)
    {
        await using var fixture = new NodeFixture();
        IPAddress? via = gateway is null ? null : IPAddress.Parse(gateway);
        fixture.Host.Prefixes = [new HostPrefix(IPNetwork.Parse(prefix), device, IsAddress: false, via) { IsOnBridge = device == "docker0" }];

        await fixture.ReadyAsync();

        Assert.Equal(FlannelNodeState.Ready, fixture.Node.Status.State);
    }

    [Fact]
    public async Task RouteToAPeersSubnetOfAnotherLength_IsNoCollision()
    {
        await using var fixture = new NodeFixture();
        fixture.AddPeer("10.5.9.0/25", "192.168.100.2");
        fixture.Host.Prefixes = [new HostPrefix(IPNetwork.Parse("10.5.9.0/25"), "eth0", IsAddress: false, Gateway: IPAddress.Parse("192.168.100.2"))];

        await fixture.ReadyAsync();

        Assert.Equal("10.5.9.0-25", Assert.Single(fixture.Node.Peers).Lease.Key.ToString());
    }

    [Theory]
    [InlineData("""{"Network":"10.5.0.0/16","SubnetMin":"10.5.100.0","Backend":{"Type":"fake"}}""")]
    [InlineData("""{"Network":"10.5.0.0/16","SubnetMax":"10.5.50.0","Backend":{"Type":"fake"}}""")]
    [InlineData("""{"Network":"10.5.0.0/16","SubnetLen":26,"Backend":{"Type":"fake"}}""")]
    [InlineData("""{"Network":"10.5.0.0/16","SubnetLen":22,"Backend":{"Type":"fake"}}""")]
    public async Task RestartedWithOtherRules_KeepsPeersThatLeasedByTheFormerOnes(string config)
    {
        var memory = new InMemoryLeaseStore(NodeFixture.ConfigJson);
        var own = new LeaseAttributes { PublicIP = IPAddress.Parse("192.168.100.1"), BackendType = "fake" };
        memory.Put(SubnetKey.Parse("10.5.20.0-24"), own, TimeSpan.FromHours(1)); // it does not draw a peer's
        await using (var first = new NodeFixture(memory: memory)) await first.ReadyAsync();
        memory.SetConfig(config);
        await using var fixture = new NodeFixture(memory: memory);
        fixture.AddPeer("10.5.77.0/24", "192.168.100.2");
        fixture.AddPeer("10.5.7.0/24", "192.168.100.3");

        await fixture.ReadyAsync();
        // Its own former lease, which it deleted if it does not fit any more, leaves the quarantine with the watch's first item.
        FlannelNodeStatus status = await fixture.UntilAsync(status => status is { Peers.Count: 2, QuarantinedCount: 0 });

        Assert.True(LeaseRules.Fits(NetworkConfig.Parse(config, "test"), status.Lease!.Key));
        Assert.DoesNotContain(status.Peers.Keys, peer => peer.IPv4Subnet!.Value.Overlaps(status.Lease.Key.IPv4Subnet!.Value));
    }

    [Fact]
    public async Task RefusedLeases_ShowInTheReasonOfAReadyNode()
    {
        await using var fixture = new NodeFixture(options => options.MaxQuarantined = 2);
        for (int i = 0; i < 5; i++) fixture.Memory.Put($"junk{i}", "{}"u8.ToArray(), null);
        await fixture.ReadyAsync();

        FlannelNodeStatus status = await fixture.UntilAsync(status => status.QuarantinedCount == 5);

        Assert.Equal(FlannelNodeState.Ready, status.State);
        Assert.Equal(2, status.Quarantined.Count);
        Assert.Contains("5 leases in the store are refused, such as junk", status.Reason, StringComparison.Ordinal);
        for (int i = 0; i < 5; i++) fixture.Memory.Delete($"junk{i}");
        await fixture.UntilAsync(status => status.Reason.Length == 0 && status.QuarantinedCount == 0);
    }

    [Fact]
    public async Task MorePeersThanTheLimit_Degrades()
    {
        await using var fixture = new NodeFixture(options => options.MaxPeers = 1);
        fixture.AddPeer("10.5.77.0/24", "192.168.100.2");
        fixture.AddPeer("10.5.78.0/24", "192.168.100.3");
        await fixture.ReadyAsync();

        FlannelNodeStatus status = await fixture.UntilAsync(status => status.PeersLeftOut == 1);

        Assert.Equal(FlannelNodeState.Degraded, status.State);
        Assert.Contains("MaxPeers", status.Reason, StringComparison.Ordinal);
        fixture.Memory.Delete(status.Peers.Keys.Single().ToString());
        await fixture.UntilAsync(status => status is { PeersLeftOut: 0, State: FlannelNodeState.Ready, Peers.Count: 1 });
    }

    [Fact]
    public async Task ForwardingOff_IsSaidAndCanBeTurnedOn()
    {
        await using (var fixture = new NodeFixture())
        {
            fixture.Host.ForwardingProblem = "this host forwards no packets";
            await fixture.ReadyAsync();
            Assert.Equal((FlannelNodeState.Ready, "this host forwards no packets"), (fixture.Node.Status.State, fixture.Node.Status.Reason));
            Assert.False(fixture.Host.IsForwardingEnabled);
        }

        await using var enabled = new NodeFixture(options => options.EnableForwarding = true);
        enabled.Host.ForwardingProblem = "this host forwards no packets";
        await enabled.ReadyAsync();
        Assert.True(enabled.Host.IsForwardingEnabled);
        Assert.Equal("", enabled.Node.Status.Reason);
    }

    [Fact]
    public async Task ForwardingTurnedOffLater_IsSaidAndTurnedOnAgainAtTheNextResync()
    {
        await using (var fixture = new NodeFixture(options => options.ResyncInterval = TimeSpan.FromSeconds(1)))
        {
            await fixture.ReadyAsync();
            fixture.Host.ForwardingProblem = "this host forwards no packets";
            await fixture.UntilAsync(status => status is { IsReady: true, Reason: "this host forwards no packets" });
            fixture.Host.ForwardingProblem = null;
            await fixture.UntilAsync(status => status is { IsReady: true, Reason: "" });
        }

        await using var enabled = new NodeFixture(options => (options.ResyncInterval, options.EnableForwarding) = (TimeSpan.FromSeconds(1), true));
        await enabled.ReadyAsync();
        enabled.Host.ForwardingProblem = "this host forwards no packets";
        using var limit = new CancellationTokenSource(NodeFixture.Limit);
        while (enabled.Host.ForwardingProblem is not null) await Task.Delay(TimeSpan.FromMilliseconds(20), limit.Token);
        Assert.Equal("", enabled.Node.Status.Reason);
    }

    [Fact]
    public async Task UnknownConfigKeys_AreSaidAndIgnored()
    {
        await using var fixture = new NodeFixture(memory: new InMemoryLeaseStore("""{"Network":"10.5.0.0/16","Typo":1,"Backend":{"Type":"fake"}}"""));
        await fixture.ReadyAsync();
        Assert.Equal(FlannelNodeState.Ready, fixture.Node.Status.State);
        Assert.Contains("\"Typo\"", fixture.Node.Status.Reason, StringComparison.Ordinal);

        fixture.Memory.SetConfig(NodeFixture.ConfigJson);
        await fixture.UntilAsync(status => status.Reason.Length == 0);
        Assert.Single(fixture.Backend.Networks);
    }

    [Fact]
    public async Task ConfigDeleted_IsSaidAndTheNodeRunsOn()
    {
        await using var fixture = new NodeFixture();
        await fixture.ReadyAsync();

        fixture.Memory.SetConfig((string?)null);

        FlannelNodeStatus status = await fixture.UntilAsync(status => status.PendingConfig is not null);
        Assert.True(status.IsReady);
        Assert.Contains("there is none", status.PendingConfig!.ToString(), StringComparison.Ordinal);
        fixture.Memory.SetConfig(NodeFixture.ConfigJson);
        await fixture.UntilAsync(status => status.PendingConfig is null);
        Assert.Single(fixture.Backend.Networks);
    }

    [Theory]
    [InlineData(true, false, "IpMasq")]
    [InlineData(false, true, "Traffic.Blackhole")]
    public async Task TrafficAskedForAndNothingThatDoesIt_FailsAndSaysWhatToCall(bool masquerade, bool blackhole, string option)
    {
        await using var fixture = new NodeFixture(options => (options.IpMasq, options.Traffic.Blackhole) = (masquerade, blackhole));
        await fixture.Node.StartAsync();

        var error = await Assert.ThrowsAsync<TrafficRulesException>(() => fixture.Node.WaitForReadyAsync());

        Assert.Contains(option, error.Message, StringComparison.Ordinal);
        Assert.Contains("UseTrafficRules()", error.Message, StringComparison.Ordinal);
        Assert.Empty(fixture.Backend.Networks);
    }

    [Fact]
    public async Task Backend_Unusable_IsNotReadyUntilItIsMended()
    {
        await using var fixture = new NodeFixture();
        await fixture.ReadyAsync();

        fixture.Network.Report(status => status with { Problem = "eth0 is down", IsUnusable = true });
        FlannelNodeStatus status = await fixture.UntilAsync(status => !status.IsReady);
        Assert.Equal((FlannelNodeState.Starting, "eth0 is down"), (status.State, status.Reason));

        fixture.Network.Report(status => status with { Problem = null, IsUnusable = false });
        await fixture.UntilAsync(status => status.State == FlannelNodeState.Ready);
    }

    [Fact]
    public async Task ExternalInterface_Moves_RetiresTheStoresConnections()
    {
        var memory = new InMemoryLeaseStore(NodeFixture.ConfigJson);
        var store = new FaultyLeaseStore(memory);
        await using var fixture = new NodeFixture(memory: memory, store: store);
        await fixture.ReadyAsync();
        Assert.Equal(0, store.Resets);

        fixture.Host.Move(fixture.Host.External with { Address = IPAddress.Parse("192.168.100.9"), PublicIP = IPAddress.Parse("192.168.100.9") });
        await fixture.UntilAsync(status => Equals(status.Lease?.Attributes.PublicIP, IPAddress.Parse("192.168.100.9")));

        Assert.Equal(1, store.Resets);
    }

    [Fact]
    public async Task ConfigProblems_OfTheDocumentAndOfItsBlock_AreReportedTogether()
    {
        await using var fixture =
            new NodeFixture(memory: new InMemoryLeaseStore("""{"Network":"10.5.0.0/29","Backend":{"Type":"fake","Gear":99}}"""));
        fixture.Backend.BlockProblems = [new NetworkConfigProblem("Backend.Gear", "99", "1 to 5")];
        await fixture.Node.StartAsync();

        var error = await Assert.ThrowsAsync<NetworkConfigException>(() => fixture.Node.WaitForReadyAsync());

        Assert.Equal(["Network", "Backend.Gear"], error.Problems.Select(problem => problem.Key));
    }
}

using System.Net;
using System.Text;
using System.Text.Json;
using Flannel.Extensibility;
using Flannel.Lab.Backends;
using Flannel.Lab.Fuzzing;

namespace Flannel.Core.Tests.Hosting;

/// <summary>What changes while a node runs: it follows without losing its subnet, or says why it does not.</summary>
public class LiveChangeTests
{
    [Fact]
    public async Task Config_BackendBlockChanges_IsFollowedByANewNetworkThatKeepsLeaseAndReadiness()
    {
        await using var fixture = new NodeFixture();
        fixture.AddPeer("10.5.77.0/24", "192.168.100.2");
        await fixture.ReadyAsync();
        Lease before = fixture.Node.Lease;
        Task<List<FlannelNodeState>> recording = RecordUntilAsync(
            fixture, status => status.Config!.Backend!.Contains("Gear", StringComparison.Ordinal));

        fixture.Memory.SetConfig(NodeFixture.ConfigJson.Replace("\"fake\"", "\"fake\",\"Gear\":2", StringComparison.Ordinal));
        await fixture.UntilAsync(status => status.Config!.Backend!.Contains("Gear", StringComparison.Ordinal) && fixture.Backend.Networks.Count == 2);
        await fixture.UntilAsync(status => fixture.Network.Peers.Count == 1 && status.State == FlannelNodeState.Ready);

        Assert.Equal(before.Key, fixture.Node.Lease.Key);
        Assert.Equal(before.CreateRevision, fixture.Node.Lease.CreateRevision);
        Assert.Equal(["start", "set 1", "dispose"], fixture.Backend.Networks[0].Calls);
        Assert.Equal(["start", "set 1"], fixture.Network.Calls);
        Assert.All(await recording, state => Assert.Equal(FlannelNodeState.Ready, state));
    }

    [Fact]
    public async Task Config_BackendBlockChanges_WhilePeersAreRetained_KeepsThem()
    {
        await using var fixture = new NodeFixture(static options =>
            (options.PeerGracePeriod, options.MassRemovalGracePeriod) = (TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2)));
        for (int peer = 2; peer <= 6; peer++) fixture.AddPeer($"10.5.7{peer}.0/24", $"192.168.100.{peer}");
        await fixture.ReadyAsync();
        for (int peer = 2; peer <= 4; peer++) fixture.Memory.Delete($"10.5.7{peer}.0-24");
        await fixture.UntilAsync(static status => status.PeersRetained == 3);

        fixture.Memory.SetConfig(NodeFixture.ConfigJson.Replace("\"fake\"", "\"fake\",\"Gear\":2", StringComparison.Ordinal));
        await fixture.UntilAsync(status =>
            fixture.Backend.Networks.Count == 2 && fixture.Network.Calls.Count > 1 && status is { PeersRetained: 3, IsConverged: true });

        Assert.Equal(["start", "set 5"], fixture.Network.Calls);
        Assert.Equal(5, fixture.Node.Status.Peers.Count);
        fixture.AddPeer("10.5.72.0/24", "192.168.100.2");
        await fixture.UntilAsync(static status => status.PeersRetained == 2);
        Assert.Equal(["start", "set 5"], fixture.Network.Calls);
    }

    [Fact]
    public async Task Config_AnotherNetwork_IsPendingUntilItIsTakenBack()
    {
        await using var fixture = new NodeFixture();
        await fixture.ReadyAsync();
        fixture.Memory.SetConfig("""{"Network":"10.6.0.0/16","Backend":{"Type":"fake"}}""");
        FlannelNodeStatus status = await fixture.UntilAsync(found => found.PendingConfig is not null);
        Assert.Equal(FlannelNodeState.Ready, status.State);
        Assert.Equal("10.6.0.0/16", status.PendingConfig!.Config!.Network.ToString());
        Assert.Contains("Network is 10.6.0.0/16 in the store and 10.5.0.0/16 here", status.PendingConfig.ToString(), StringComparison.Ordinal);

        fixture.Memory.SetConfig(NodeFixture.ConfigJson);
        await fixture.UntilAsync(found => found.PendingConfig is null);
        Assert.Single(fixture.Backend.Networks);
    }

    [Theory]
    [InlineData("Type")]
    [InlineData("Network")]
    [InlineData("a key")]
    public async Task Config_ThatIsHostile_IsPendingAndLoggedInShownText(string where)
    {
        await using var fixture = new NodeFixture();
        await fixture.ReadyAsync();
        string hostile = JsonSerializer.Serialize(HostileText.Sample);
        string network = where == "Network" ? hostile : "\"10.5.0.0/16\"", type = where == "Type" ? hostile : "\"other\"";
        string key = where == "a key" ? hostile : "\"key\"";

        fixture.Memory.SetConfig($"{{\"Network\":{network},{key}:1,\"Backend\":{{\"Type\":{type}}}}}");
        FlannelNodeStatus status = await fixture.UntilAsync(found => found.PendingConfig is not null);
        await fixture.Logger.UntilAsync(() => fixture.Logger.Lines.Any(
            line => line.Text.Contains("does not follow the configuration", StringComparison.Ordinal)));

        Assert.All(status.PendingConfig!.Reasons, reason => Assert.True(HostileText.IsShown(reason, 1000), reason));
        Assert.True(HostileText.IsShown(status.Reason, 4000), status.Reason);
        Assert.All(fixture.Logger.Lines, line => Assert.True(HostileText.IsShown(line.Text, 4000), line.Text));
        Assert.Contains(fixture.Logger.Lines, line => line.Text.Contains("other", StringComparison.Ordinal) || where != "a key");
    }

    [Fact]
    public async Task Config_BecomesUnusable_IsPendingWithTheProblem()
    {
        await using var fixture = new NodeFixture();
        await fixture.ReadyAsync();
        fixture.Memory.SetConfig("""{"Network":"10.5.0.0/29","Backend":{"Type":"fake"}}""");
        FlannelNodeStatus status = await fixture.UntilAsync(found => found.PendingConfig is not null);
        Assert.Null(status.PendingConfig!.Config);
        Assert.Contains("10.5.0.0/29", status.PendingConfig.ToString(), StringComparison.Ordinal);
        Assert.True(status.IsReady);
        Assert.Single(fixture.Backend.Networks);
    }

    [Fact]
    public async Task Config_NarrowerRange_KeepsPeersAndOwnSubnetOfTheFormerOne()
    {
        await using var fixture = new NodeFixture();
        fixture.AddPeer("10.5.77.0/24", "192.168.100.2");
        await fixture.ReadyAsync();
        Lease before = fixture.Node.Lease;
        fixture.Memory.SetConfig("""{"Network":"10.5.0.0/16","SubnetMin":"10.5.250.0","Backend":{"Type":"fake"}}""");
        FlannelNodeStatus status = await fixture.UntilAsync(
            found => found.PendingConfig is not null || found.Config!.SubnetMin!.ToString() == "10.5.250.0");
        Assert.Equal(before.Key, fixture.Node.Lease.Key);
        await fixture.UntilAsync(found => found.State == FlannelNodeState.Ready && found.Peers.Count == 1);
        Assert.Empty(status.Quarantined);
    }

    [Fact]
    public async Task Address_Changes_KeepsTheSubnetAndUpdatesTheDocumentInPlace()
    {
        await using var fixture = new NodeFixture();
        await fixture.ReadyAsync();
        Lease before = fixture.Node.Lease;
        fixture.Host.Move(Moved(fixture, "192.168.100.99"));
        await fixture.UntilAsync(status => Equals(status.Lease?.Attributes.PublicIP, IPAddress.Parse("192.168.100.99")));

        StoredEntry entry = Assert.Single((await fixture.Memory.ListAsync(null, CancellationToken.None)).Entries);
        Assert.Equal(before.Key.ToString(), entry.Key);
        Assert.Equal(before.CreateRevision, entry.CreateRevision);
        Assert.Contains("192.168.100.99", Encoding.UTF8.GetString(entry.Value.Span), StringComparison.Ordinal);
        Assert.Equal("192.168.100.99", fixture.Node.ExternalInterface.Address!.ToString());
    }

    [Fact]
    public async Task Address_ChangesAndSomebodyElseTookTheKey_IsNotOverwritten()
    {
        await using var fixture = new NodeFixture();
        await fixture.ReadyAsync();
        Lease before = fixture.Node.Lease;
        fixture.Memory.Put(before.Key, before.Attributes with { PublicIP = IPAddress.Parse("192.168.100.50") }, TimeSpan.FromHours(1));
        await fixture.UntilAsync(status => status.Error is LeaseLostException);
        fixture.Host.Move(Moved(fixture, "192.168.100.99"));
        await fixture.UntilAsync(status => Equals(status.ExternalInterface?.PublicIP, IPAddress.Parse("192.168.100.99")));
        await fixture.UntilAsync(status => Equals(status.Lease?.Attributes.PublicIP, IPAddress.Parse("192.168.100.99")));

        StoreSnapshot snapshot = await fixture.Memory.ListAsync(null, CancellationToken.None);
        StoredEntry theirs = Assert.Single(snapshot.Entries, entry => entry.Key == before.Key.ToString());
        Assert.Contains("192.168.100.50", Encoding.UTF8.GetString(theirs.Value.Span), StringComparison.Ordinal);
        Assert.NotEqual(before.Key, fixture.Node.Lease.Key);
    }

    [Fact]
    public async Task Subnet_IsAnotherOne_IsReadyOnceItsPeersAndTrafficRulesAre()
    {
        var rules = new FakeTrafficRules();
        await using var fixture = new NodeFixture(options => options.IpMasq = true, rules: rules);
        fixture.AddPeer("10.5.77.0/24", "192.168.100.2");
        await fixture.ReadyAsync();
        Lease before = fixture.Node.Lease;
        fixture.Memory.Put(before.Key, before.Attributes with { PublicIP = IPAddress.Parse("192.168.100.50") }, TimeSpan.FromHours(1));
        await fixture.UntilAsync(status => status.Error is LeaseLostException);
        var applied = new TaskCompletionSource();
        rules.Applied = applied.Task;
        fixture.Host.Move(Moved(fixture, "192.168.100.99"));

        FlannelNodeStatus status = await fixture.UntilAsync(found => found.Lease!.Key != before.Key && found.Peers.Count == 2 && found.Error is null);
        Assert.Equal(FlannelNodeState.Starting, status.State);
        applied.SetResult();
        await fixture.UntilAsync(found => found.State == FlannelNodeState.Ready);
    }

    [Fact]
    public async Task Rules_OfTheOtherPacketFilter_GoOnceThoseThatReplaceThemHold()
    {
        var applied = new TaskCompletionSource();
        var rules = new FakeTrafficRules { Applied = applied.Task };
        var former = new FakeTrafficRules(PacketFilter.Nftables);
        await using var fixture = new NodeFixture(options => options.IpMasq = true, rules: rules, formerRules: former);
        await fixture.Node.StartAsync();
        await rules.Kept.WaitAsync(NodeFixture.Limit);
        Assert.Empty(former.Calls);
        applied.SetResult();
        await former.Removed.WaitAsync(NodeFixture.Limit);
    }

    [Fact]
    public async Task Backend_HasSomethingElseToPublish_UpdatesTheDocumentInPlace()
    {
        await using var fixture = new NodeFixture();
        await fixture.ReadyAsync();
        Lease before = fixture.Node.Lease;
        Publish(fixture, """{"VNI":1,"VtepMAC":"02:00:00:00:00:01"}""");
        await fixture.UntilAsync(status => status.Lease?.Attributes.BackendData is not null);
        Assert.Equal(before.Key, fixture.Node.Lease.Key);
        Assert.Equal(before.CreateRevision, fixture.Node.Lease.CreateRevision);
        Assert.Equal(fixture.Backend.Networks[^1].Context.PreviousAttributes!.BackendData, fixture.Node.Lease.Attributes.BackendData);
    }

    /// <summary>It was made from the other's image, or had its address and so its MAC.</summary>
    [Fact]
    public async Task Start_AnotherHostPublishesTheSameMac_MakesTheDeviceAnewWithoutIt()
    {
        const string Data = "{\"VNI\":1,\"VtepMAC\":\"02:00:00:00:00:01\"}";
        await using var fixture = new NodeFixture();
        fixture.Memory.Put(
            SubnetKey.Parse("10.5.77.0-24"),
            new LeaseAttributes { PublicIP = IPAddress.Parse("192.168.100.2"), BackendType = "fake", BackendData = Data },
            TimeSpan.FromHours(1));
        fixture.Backend.Data = Data;

        await fixture.ReadyAsync();

        Assert.Equal(2, fixture.Backend.Networks.Count);
        Assert.Contains("remove", fixture.Backend.Networks[0].Calls);
        Assert.Null(fixture.Backend.Networks[1].Context.PreviousAttributes);
    }

    [Fact]
    public async Task Start_OwnLeaseIsThere_KeepsItsMacWhoeverElsePublishesIt()
    {
        const string Data = "{\"VNI\":1,\"VtepMAC\":\"02:00:00:00:00:01\"}";
        await using var fixture = new NodeFixture();
        foreach (int host in new[] { 1, 2 })
        {
            fixture.Memory.Put(
                SubnetKey.Parse($"10.5.7{host}.0-24"),
                new LeaseAttributes { PublicIP = IPAddress.Parse($"192.168.100.{host}"), BackendType = "fake", BackendData = Data },
                TimeSpan.FromHours(1));
        }

        fixture.Backend.Data = Data;
        await fixture.ReadyAsync();

        Assert.DoesNotContain("remove", Assert.Single(fixture.Backend.Networks).Calls);
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 1)]
    public async Task Stop_ReleaseLeaseOnStop_GivesTheLeaseBackAndLeavesTheDataPath(bool release, int entries)
    {
        await using var fixture = new NodeFixture(options => options.ReleaseLeaseOnStop = release);
        await fixture.ReadyAsync();
        await fixture.Node.StopAsync();
        Assert.Equal(entries, (await fixture.Memory.ListAsync(null, CancellationToken.None)).Entries.Count);
        Assert.DoesNotContain("remove", fixture.Network.Calls);
    }

    private static void Publish(NodeFixture fixture, string data)
    {
        fixture.Backend.Data = data;
        fixture.Network.Attributes = fixture.Network.Attributes with { BackendData = data };
        fixture.Network.Report(status => status with { Attributes = fixture.Network.Attributes });
    }

    private static ExternalInterface Moved(NodeFixture fixture, string address) =>
        fixture.Host.External with { Address = IPAddress.Parse(address), PublicIP = IPAddress.Parse(address) };

    private static async Task<List<FlannelNodeState>> RecordUntilAsync(NodeFixture fixture, Func<FlannelNodeStatus, bool> last)
    {
        List<FlannelNodeState> seen = [];
        await foreach (FlannelNodeStatus status in fixture.Node.WatchAsync())
        {
            seen.Add(status.State);
            if (last(status)) break;
        }

        return seen;
    }
}

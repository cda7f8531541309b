using Flannel.Extensibility;
using Flannel.Lab.Leases;
using Flannel.Testing;

namespace Flannel.Core.Tests.Leases.Policy;

/// <summary>
/// A node that starts lists once, and all its steps go on from there. Whatever happens between the steps must come out all the same.
/// </summary>
public sealed class SubnetManagerStartTests
{
    private const string TwoSubnets = """{"Network":"10.5.0.0/16","SubnetMin":"10.5.1.0","SubnetMax":"10.5.2.0","Backend":{"Type":"vxlan"}}""";

    [Fact]
    public async Task Start_AllSteps_ListOnceAndWatchOnce()
    {
        var lab = new SubnetManagerLab();
        lab.PutPeer("10.5.2.0-24", host: 2);
        LabNode node = lab.Node(1);

        ISubnetView view = await node.OpenAsync();
        Assert.Equal(lab.Config, view.ReadConfig());
        Assert.Null(view.FindOwn(node.Request));
        Assert.Equal(["10.5.2.0-24"], view.Leased.Select(key => key.ToString()));
        await using LeaseFollower follower = await node.StartAsync();
        await ArriveAsync(lab, follower);

        Assert.Equal([StoreOperation.List, StoreOperation.Create, StoreOperation.Watch], Operations(node));
        Assert.Null(follower.State);
    }

    [Fact]
    public async Task Start_OwnLeaseThere_ListsOnceAndWatchesOnce()
    {
        var lab = new SubnetManagerLab();
        lab.PutPeer("10.5.7.0-24", host: 1);
        LabNode node = lab.Node(1);

        Assert.Equal("10.5.7.0-24", (await node.OpenAsync()).FindOwn(node.Request)!.Key.ToString());
        await using LeaseFollower follower = await node.StartAsync();
        await ArriveAsync(lab, follower);

        Assert.Equal([StoreOperation.List, StoreOperation.Claim, StoreOperation.Renew, StoreOperation.Watch], Operations(node));
        Assert.Null(follower.State);
    }

    [Fact]
    public async Task Open_Again_SeesWhatCameSince()
    {
        var lab = new SubnetManagerLab();
        LabNode node = lab.Node(1);
        ISubnetView before = await node.OpenAsync();
        lab.PutPeer("10.5.7.0-24", host: 1);
        lab.Store.SetConfig(SubnetManagerLab.DualStackNetwork);

        ISubnetView after = await node.OpenAsync();

        Assert.Null(before.FindOwn(node.Request));
        Assert.False(before.ReadConfig().EnableIPv6);
        Assert.Equal("10.5.7.0-24", after.FindOwn(node.Request)!.Key.ToString());
        Assert.True(after.ReadConfig().EnableIPv6);
    }

    [Theory]
    [InlineData("""{"Network":"10.5.0.0/16","subnetlen":24,"Backend":{"Type":"vxlan","VNI":7}}""", "")]
    [InlineData("""{"Network":"10.5.0.0/16","Typo":1,"SubnetLength":24}""", "\"Typo\",\"SubnetLength\"")]
    [InlineData("""{"Network":"10.5.0.0/16","Backend.Type":"vxlan"}""", "\"Backend.Type\"")]
    [InlineData("""{"Backend":{"Type":"vxlan","DirectRoutng":true,"vni":7,"Port":0}}""", "\"Backend.DirectRoutng\"")]
    [InlineData("""{"Typo":1,"backend":{"Type":"UDP","port":8285,"Mtu":1400}}""", "\"Typo\",\"Backend.Mtu\"")]
    [InlineData("""{"Backend":{"Type":"host-gw","DirectRouting":true}}""", "\"Backend.DirectRouting\"")]
    [InlineData("""{"Backend":{"Port":1}}""", "")] // no type: an error says so
    [InlineData("""{"Backend":{"Type":"vxlan","MacPrefix":"0E-2A","Name":"flannel.4096"}}""", "")] // for Windows
    [InlineData("""{"Backend":{"Type":"mine","Anything":1}}""", "")]
    [InlineData("""{"Backend":{"Typo":1},"Backend":{"Type":"vxlan"}}""", "")] // the last one counts
    [InlineData("[]", "")]
    [InlineData("{", "")]
    [InlineData(null, "")]
    public async Task Open_UnknownKeysInTheConfig_AreNamed(string? config, string unknown)
    {
        var lab = new SubnetManagerLab();
        lab.Store.SetConfig(config);

        Assert.Equal(unknown, string.Join(',', (await lab.Node(1).OpenAsync()).UnknownConfigKeys));
    }

    [Fact]
    public async Task Acquire_SubnetTakenSinceTheList_ChoosesAgainFromAFreshList()
    {
        var lab = new SubnetManagerLab(TwoSubnets);
        LabNode node = lab.Node(1, previous: "10.5.1.0-24");
        await ReadConfigAsync(node);
        lab.PutPeer("10.5.1.0-24", host: 2);

        await using LeaseFollower follower = await node.StartAsync();

        Assert.Equal("10.5.2.0-24", follower.Own.Key.ToString());
        Assert.Equal("10.5.1.0-24", Assert.Single(follower.Peers).Key);
        Assert.Equal([StoreOperation.List, StoreOperation.Create, StoreOperation.List, StoreOperation.Create], Operations(node).Take(4));
    }

    [Fact]
    public async Task Acquire_OwnLeaseGoneSinceTheList_TakesItAgain()
    {
        var lab = new SubnetManagerLab();
        lab.PutPeer("10.5.7.0-24", host: 1);
        LabNode node = lab.Node(1, previous: "10.5.7.0-24");
        await ReadConfigAsync(node);
        lab.Store.Delete("10.5.7.0-24");

        Assert.Equal("10.5.7.0-24", (await node.AcquireAsync()).Key.ToString());
    }

    [Fact]
    public async Task Acquire_SubnetFreeSinceTheList_TakesItThoughThePoolWasExhausted()
    {
        var lab = new SubnetManagerLab(TwoSubnets);
        lab.PutPeer("10.5.1.0-24", host: 2);
        lab.PutPeer("10.5.2.0-24", host: 3);
        LabNode node = lab.Node(1);
        await ReadConfigAsync(node);
        lab.Store.Delete("10.5.2.0-24");

        Assert.Equal("10.5.2.0-24", (await node.AcquireAsync()).Key.ToString());
        lab.PutPeer("10.5.2.0-24", host: 3);
        await Assert.ThrowsAsync<SubnetPoolExhaustedException>(() => node.AcquireAsync());
    }

    [Fact]
    public async Task Acquire_Again_WorksOnAFreshListAndWatchesFromIt()
    {
        var lab = new SubnetManagerLab();
        LabNode node = lab.Node(1);
        await ReadConfigAsync(node);
        Lease first = await node.AcquireAsync();
        lab.PutPeer("10.5.2.0-24", host: 2);
        LeaseRequest request = node.Request with { Attributes = SubnetManagerLab.Attributes(1, "44") };

        Lease second = await node.AcquireAsync(request);
        await using LeaseFollower follower = node.Follow();

        Assert.Equal(first.Key, second.Key);
        Assert.Equal("10.5.2.0-24", Assert.Single((await follower.NextAsync<LeaseSnapshot>()).Peers).Key.ToString());
        await ArriveAsync(lab, follower);
        Assert.Null(follower.State);
        Assert.Equal(
            [StoreOperation.List, StoreOperation.Create, StoreOperation.List, StoreOperation.Claim, StoreOperation.Update, StoreOperation.Watch],
            Operations(node));
    }

    [Fact]
    public async Task Watch_LeasesPutAndDeletedSinceTheList_ArriveAfterTheSnapshot()
    {
        var lab = new SubnetManagerLab();
        lab.PutPeer("10.5.2.0-24", host: 2);
        LabNode node = lab.Node(1);
        await ReadConfigAsync(node);
        lab.PutPeer("10.5.3.0-24", host: 3);
        Lease own = await node.AcquireAsync();
        lab.Store.Delete("10.5.2.0-24");

        await using LeaseFollower follower = node.Follow();

        Assert.Equal("10.5.2.0-24", Assert.Single((await follower.NextAsync<LeaseSnapshot>()).Peers).Key.ToString());
        await ArriveAsync(lab, follower);
        Assert.Equal(["10.5.3.0-24", "10.5.99.0-24"], follower.Peers.Keys.Order(StringComparer.Ordinal));
        Assert.Null(follower.State);
    }

    [Fact]
    public async Task Watch_OwnLeaseTakenSinceTheList_IsToldFromTheHistory()
    {
        var lab = new SubnetManagerLab();
        LabNode node = lab.Node(1);
        await ReadConfigAsync(node);
        Lease own = await node.AcquireAsync();
        lab.PutPeer(own.Key.ToString(), host: 2);

        await using LeaseFollower follower = await FollowAsync(node);

        Assert.Equal(OwnLeaseState.Taken, (await follower.UntilAsync<OwnLeaseChanged>()).State);
    }

    [Fact]
    public async Task Watch_ConfigPutSinceTheList_IsTold()
    {
        var lab = new SubnetManagerLab();
        LabNode node = lab.Node(1);
        await ReadConfigAsync(node);
        lab.Store.SetConfig(SubnetManagerLab.DualStackNetwork);
        await node.AcquireAsync();

        await using LeaseFollower follower = await FollowAsync(node);

        Assert.True((await follower.UntilAsync<NetworkConfigChanged>()).Config!.EnableIPv6);
    }

    [Fact]
    public async Task Watch_ConfigMendedBeforeTheListThatTheLeaseWasTakenFrom_IsTold()
    {
        var lab = new SubnetManagerLab();
        LabNode node = lab.Node(1, previous: "10.5.9.0-24");
        lab.Store.SetConfig("{");
        await node.OpenAsync();
        lab.Store.SetConfig(SubnetManagerLab.VxlanNetwork);
        node.Store.BeforeNext(StoreOperation.Create, () => lab.PutPeer("10.5.9.0-24", host: 2));
        await node.AcquireAsync();

        await using LeaseFollower follower = await FollowAsync(node);

        Assert.Equal(lab.Config, (await follower.UntilAsync<NetworkConfigChanged>()).Config);
    }

    [Fact]
    public async Task Watch_CompactedSinceTheList_ListsAnew()
    {
        var lab = new SubnetManagerLab();
        lab.PutPeer("10.5.2.0-24", host: 2);
        LabNode node = lab.Node(1);
        await ReadConfigAsync(node);
        await node.AcquireAsync();
        lab.Store.Delete("10.5.2.0-24");
        lab.PutPeer("10.5.3.0-24", host: 3);
        lab.Store.Compact(lab.Store.Revision);

        await using LeaseFollower follower = await FollowAsync(node);
        await ArriveAsync(lab, follower);

        Assert.Equal(["10.5.3.0-24", "10.5.99.0-24"], follower.Peers.Keys.Order(StringComparer.Ordinal));
        Assert.Null(follower.State);
    }

    [Fact]
    public async Task Watch_StoreRestoredFromABackupSinceTheList_ListsAnew()
    {
        var lab = new SubnetManagerLab();
        for (int i = 0; i < 10; i++)
            lab.PutPeer("10.5.2.0-24", host: 2, mac: $"{i}");
        LabNode node = lab.Node(1);
        await ReadConfigAsync(node);
        var backup = new InMemoryLeaseStore(SubnetManagerLab.VxlanNetwork, lab.StoreTime);
        backup.Put(SubnetKey.Parse("10.5.3.0-24"), SubnetManagerLab.Attributes(3), TimeSpan.FromHours(24));
        node.Store.Inner = backup;

        await using LeaseFollower follower = await node.StartAsync();

        Assert.Equal("10.5.3.0-24", Assert.Single(follower.Peers).Key);
        backup.Put(SubnetKey.Parse("10.5.4.0-24"), SubnetManagerLab.Attributes(4), TimeSpan.FromHours(24));
        await follower.UntilAsync<LeaseChanges>();
    }

    private static async Task<NetworkConfig> ReadConfigAsync(LabNode node) => (await node.OpenAsync()).ReadConfig();

    private static async Task<LeaseFollower> FollowAsync(LabNode node)
    {
        LeaseFollower follower = node.Follow();
        await follower.UntilAsync<LeaseSnapshot>();
        return follower;
    }

    /// <summary>Waits until the follower has seen everything that the store holds now.</summary>
    private static async Task ArriveAsync(SubnetManagerLab lab, LeaseFollower follower)
    {
        lab.PutPeer("10.5.99.0-24", host: 99);
        while (!follower.Peers.ContainsKey("10.5.99.0-24"))
            await follower.NextAsync();
    }

    private static IEnumerable<StoreOperation> Operations(LabNode node) => node.Store.Calls.Select(call => call.Operation);
}

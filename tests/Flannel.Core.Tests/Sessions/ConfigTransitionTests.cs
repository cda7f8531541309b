using System.Net;
using Flannel.Core.Sessions;
using Flannel.Extensibility;
using Flannel.Testing;

namespace Flannel.Core.Tests.Sessions;

public class ConfigTransitionTests
{
    private static readonly SubnetKey Own = SubnetKey.Parse("10.5.52.0-24");
    private static readonly NetworkConfig Running = Config("""{"Network":"10.5.0.0/16","Backend":{"Type":"fake","Gear":1}}""");

    [Fact]
    public void Between_SameConfig_ChangesNothing()
    {
        var transition = ConfigTransition.Between(Running, Running, Own, [new FakeBackend()]);
        Assert.Equal(Running, transition.Config);
        Assert.Null(transition.Pending);
    }

    [Theory]
    [InlineData("""{"Network":"10.5.0.0/16","SubnetMin":"10.5.40.0","SubnetMax":"10.5.60.0","Backend":{"Type":"fake","Gear":1}}""")]
    [InlineData("""{"Network":"10.5.0.0/16","Backend":{"Type":"fake","Gear":2}}""")]
    [InlineData("""{"Network":"10.5.0.0/16","EnableNFTables":true,"Backend":{"Type":"fake","Gear":1}}""")]
    public void Between_WhatCanBeFollowed_IsFollowedInFull(string wanted)
    {
        var transition = ConfigTransition.Between(Running, Config(wanted), Own, [new FakeBackend()]);
        Assert.Equal(Config(wanted), transition.Config);
        Assert.Null(transition.Pending);
    }

    [Fact]
    public void Between_RangeWithoutTheOwnSubnet_KeepsItAndSaysSo()
    {
        NetworkConfig wanted = Running with { SubnetMin = IPAddress.Parse("10.5.100.0") };
        var transition = ConfigTransition.Between(Running, wanted, Own, [new FakeBackend()]);
        Assert.Equal(Running, transition.Config);
        Assert.Contains("10.5.52.0-24", Assert.Single(transition.Pending!.Reasons), StringComparison.Ordinal);
        Assert.Equal(wanted, transition.Pending.Config);
    }

    [Theory]
    [InlineData("""{"Network":"10.6.0.0/16","Backend":{"Type":"fake","Gear":1}}""", "Network is 10.6.0.0/16")]
    [InlineData("""{"Network":"10.5.0.0/16","SubnetLen":26,"Backend":{"Type":"fake","Gear":1}}""", "SubnetLen is 26")]
    [InlineData("""{"Network":"10.5.0.0/16","EnableIPv6":true,"IPv6Network":"fd00::/48","Backend":{"Type":"fake","Gear":1}}""", "EnableIPv6 is True")]
    [InlineData("""{"Network":"10.5.0.0/16","Backend":{"Type":"other"}}""", "the backend is other")]
    public void Between_WhatCannotBeFollowed_IsPendingWithTheReason(string wanted, string reason)
    {
        var transition = ConfigTransition.Between(Running, Config(wanted), Own, [new FakeBackend(), new FakeBackend("other")]);
        Assert.Equal(Running, transition.Config);
        Assert.Contains(transition.Pending!.Reasons, found => found.Contains(reason, StringComparison.Ordinal));
    }

    [Fact]
    public void Between_BackendRefuses_TheRestIsFollowed()
    {
        NetworkConfig wanted = Config("""{"Network":"10.5.0.0/16","EnableNFTables":true,"Backend":{"Type":"fake","Gear":9}}""");
        var transition = ConfigTransition.Between(Running, wanted, Own, [new FakeBackend { LiveChangeRefusal = "gear 9 needs a restart" }]);
        Assert.Equal(Running with { EnableNFTables = true }, transition.Config);
        Assert.Equal(["gear 9 needs a restart"], transition.Pending!.Reasons);
    }

    [Theory]
    [InlineData("""{"Network":"10.5.0.0/16","Backend":{"Type":"fake","Gear":9}}""")]
    [InlineData("""{"Network":"10.5.0.0/16","Backend":{"Type":"other"}}""")]
    public void Between_FollowingBackends_TakesWhatTheyWouldRefuse(string wanted)
    {
        IBackend[] backends = [new FakeBackend { LiveChangeRefusal = "gear 9 needs a restart" }, new FakeBackend("other")];
        var transition = ConfigTransition.Between(Running, Config(wanted), Own, backends, followsBackend: true);
        Assert.Equal(Config(wanted), transition.Config);
        Assert.Null(transition.Pending);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Between_UnknownBackend_IsPendingWithTheNamesThatThereAre(bool followsBackend)
    {
        var transition = ConfigTransition.Between(
            Running, Config("""{"Network":"10.5.0.0/16","Backend":{"Type":"warp"}}"""), Own, [new FakeBackend()], followsBackend);
        Assert.Equal(Running, transition.Config);
        Assert.Contains("warp", Assert.Single(transition.Pending!.Reasons), StringComparison.Ordinal);
    }

    private static NetworkConfig Config(string json) => NetworkConfig.Parse(json, "test");
}

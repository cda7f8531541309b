using Flannel.Netlink.Route;

namespace Flannel.Netlink.Tests.Route;

public class RouteRequestFormatterTests
{
    private static readonly RouteRequestFormatter Formatter = new(index => index switch { 3 => "eth0", 4 => "flannel.1", _ => null });

    [Theory]
    [InlineData("link-add-vxlan", "RTM_NEWLINK flannel.1 type vxlan")]
    [InlineData("link-set-up", "RTM_NEWLINK dev flannel.1")]
    [InlineData("link-set-name-mac", "RTM_NEWLINK dev #6 name eth9")]
    [InlineData("link-del", "RTM_DELLINK dev #8")]
    [InlineData("link-show", "RTM_GETLINK flannel.1")]
    [InlineData("link-dump", "RTM_GETLINK")]
    [InlineData("addr-add", "RTM_NEWADDR 10.244.1.0/32 dev flannel.1")]
    [InlineData("addr-del", "RTM_DELADDR 10.244.1.0/32 dev flannel.1")]
    [InlineData("addr-show", "RTM_GETADDR dev eth0")]
    [InlineData("neigh-replace6", "RTM_NEWNEIGH fd00:2:: lladdr 02:00:00:00:00:02 dev flannel.1")]
    [InlineData("neigh-del", "RTM_DELNEIGH 10.244.2.0 dev flannel.1")]
    [InlineData("neigh-show", "RTM_GETNEIGH dev flannel.1")]
    [InlineData("fdb-replace", "RTM_NEWNEIGH fdb lladdr 02:00:00:00:00:02 dst 192.0.2.2 dev flannel.1")]
    [InlineData("route-replace", "RTM_NEWROUTE 10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink")]
    [InlineData("route-add-default", "RTM_NEWROUTE default via 192.0.2.254")]
    [InlineData("route-add-nhid", "RTM_NEWROUTE 10.244.3.0/24 nhid 5")]
    [InlineData("route-add-metric", "RTM_NEWROUTE 10.250.0.0/16 dev eth0 metric 7 table 1000")]
    [InlineData("route-add-via6", "RTM_NEWROUTE 10.251.0.0/16 via 2001:db8::2 dev eth0")]
    [InlineData("route-del", "RTM_DELROUTE 10.244.2.0/24 via 10.244.2.0 dev flannel.1")]
    [InlineData("route-get", "RTM_GETROUTE 10.244.2.7/32")]
    [InlineData("route-show", "RTM_GETROUTE")]
    [InlineData("nexthop-replace", "RTM_NEWNEXTHOP id 5 dev flannel.1 via 10.244.3.0")]
    [InlineData("nexthop-del", "RTM_DELNEXTHOP id 5")]
    public void Format_Request_ReadsLikeIproute2(string name, string expected) => Assert.Equal(expected, Formatter.Format(Requests.Encode(name)));

    [Fact]
    public void Format_EveryRequest_GivesSomeText() =>
        Assert.All(Requests.Names, name => Assert.StartsWith("RTM_", Formatter.Format(Requests.Encode(name)), StringComparison.Ordinal));
}

using System.Net;
using System.Net.Sockets;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Linux.Tests.Interfaces;

public class ExternalInterfaceChoiceTests
{
    private const string None = "-";

    // eth0 and eth1 are ordinary; both families; default routes through eth0. The rest is what one finds on a node.
    private static FakeHost Host() => new FakeHost()
        .Link("eth0").Address("192.168.0.10").Address("2001:db8::10")
        .Link("eth1", mtu: 9000).Address("10.0.0.10").Address("10.0.0.11").Address("2001:db8:1::10").Address("fe80::1")
        .Link("eth2", flags: LinkFlags.None).Address("172.16.0.10")
        .Link("v4only").Address("203.0.113.4")
        .Link("v6only").Address("2001:db8:6::6")
        .Link("bare")
        .Link("mtu0", mtu: 0).Address("198.51.100.1").Address("2001:db8:5::1")
        .Link("cni0").Address("10.244.1.1")
        .Link("docker0").Address("172.17.0.1")
        .Link("flannel.1").Address("10.244.1.0")
        .DefaultRoute("eth0").DefaultRoute("eth0", AddressFamily.InterNetworkV6);

    [Theory]
    [InlineData("4", "eth0", "192.168.0.10", None)]
    [InlineData("6", "eth0", None, "2001:db8::10")]
    [InlineData("46", "eth0", "192.168.0.10", "2001:db8::10")]
    public void Make_NoOptions_TakesTheDefaultRoute(string stack, string name, string ipv4, string ipv6) =>
        AssertChosen(Host().Choose(stack), name, ipv4, ipv6);

    [Theory]
    [InlineData("4", "eth1", "eth1", "10.0.0.10", None)]
    [InlineData("46", "eth1", "eth1", "10.0.0.10", "2001:db8:1::10")]
    [InlineData("6", "v6only", "v6only", None, "2001:db8:6::6")]
    [InlineData("4", "10.0.0.11", "eth1", "10.0.0.11", None)]
    [InlineData("6", "2001:db8:1::10", "eth1", None, "2001:db8:1::10")]
    [InlineData("6", "2001:DB8:1:0::10", "eth1", None, "2001:db8:1::10")]
    [InlineData("46", "10.0.0.11", "eth1", "10.0.0.11", "2001:db8:1::10")]
    [InlineData("46", "2001:db8:1::10", "eth1", "10.0.0.10", "2001:db8:1::10")]
    [InlineData("4", "flannel.1", "flannel.1", "10.244.1.0", None)] // whoever names one means it
    [InlineData("4", "cni0", "cni0", "10.244.1.1", None)]
    [InlineData("4", "172.17.0.1", "docker0", "172.17.0.1", None)]
    public void Make_NameOrAddress_TakesThatInterface(string stack, string asked, string name, string ipv4, string ipv6)
    {
        AssertChosen(Host().Choose(stack, options => options.Name = asked), name, ipv4, ipv6);
        AssertChosen(Host().Choose(stack, options => options.Names.Add(asked)), name, ipv4, ipv6);
    }

    [Fact]
    public void Make_SeveralNames_TakesTheFirstThatWorks()
    {
        ExternalInterface chosen = Host().Choose("4", options =>
        {
            options.Name = "nope0";
            options.Names.Add("eth2"); // down
            options.Names.Add("bare"); // no address
            options.Names.Add("mtu0"); // MTU 0
            options.Names.Add("192.0.2.77"); // nobody's
            options.Names.Add("eth1");
            options.Names.Add("eth0");
        });

        AssertChosen(chosen, "eth1", "10.0.0.10", None);
    }

    [Fact]
    public void Make_AllSelectors_AreTriedInOrder()
    {
        FakeHost host = Host().Way("192.0.2.1", "v4only");
        Action<ExternalInterfaceOptions> patterns = options =>
        {
            options.Patterns.Add("^wl");
            options.Patterns.Add("^eth1$");
            options.CanReach = "192.0.2.1";
        };

        AssertChosen(host.Choose("4", options => { patterns(options); options.Name = "eth0"; }), "eth0", "192.168.0.10", None);
        AssertChosen(host.Choose("4", options => { patterns(options); options.Name = "nope0"; }), "eth1", "10.0.0.10", None);
        AssertChosen(host.Choose("4", options => { patterns(options); options.Patterns.Remove("^eth1$"); }), "v4only", "203.0.113.4", None);
    }

    [Theory]
    [InlineData("4", @"^10\.", "eth1", "10.0.0.10", None)]
    [InlineData("4", @"\.11$", "eth1", "10.0.0.11", None)] // the address that matched is the one taken
    [InlineData("4", "eth1", "eth1", "10.0.0.10", None)]
    [InlineData("4", "th[01]", "eth0", "192.168.0.10", None)] // unanchored, kernel order
    [InlineData("4", "10", "eth0", "192.168.0.10", None)]
    [InlineData("4", @"^10\.244", "-", None, None)] // cni0 and flannel.1 are not found by pattern
    [InlineData("6", "^2001:db8:1:", "eth1", None, "2001:db8:1::10")]
    [InlineData("46", "10", "eth0", "192.168.0.10", "2001:db8::10")]
    [InlineData("46", @"^10\.", "-", None, None)] // both families must match, and no name does
    [InlineData("46", "1:10$|0.11$", "-", None, None)]
    [InlineData("46", @"::10$|\.11$", "eth1", "10.0.0.11", "2001:db8:1::10")]
    [InlineData("46", "^eth1", "eth1", "10.0.0.10", "2001:db8:1::10")]
    [InlineData("4", "lo", "-", None, None)]
    [InlineData("4", "eth2|docker0", "-", None, None)]
    [InlineData("4", "v4only|203", "v4only", "203.0.113.4", None)]
    public void Make_Pattern_MatchesAddressesThenNames(string stack, string pattern, string name, string ipv4, string ipv6)
    {
        Func<ExternalInterface> choose = () => Host().Choose(stack, options => options.Patterns.Add(pattern));

        if (name == None)
            Assert.Contains("matches '" + pattern + "'", Assert.Throws<ExternalInterfaceException>(choose).Message);
        else
            AssertChosen(choose(), name, ipv4, ipv6);
    }

    [Theory]
    [InlineData("[")]
    [InlineData(@"(a)\1")] // needs backtracking, as Go's RE2 does not do either
    public void Make_UnusablePattern_SaysSoAndGoesOn(string pattern)
    {
        ExternalInterface chosen = Host().Choose("4", options =>
        {
            options.Patterns.Add(pattern);
            options.Patterns.Add("eth1");
        });
        AssertChosen(chosen, "eth1", "10.0.0.10", None);

        var exception = Assert.Throws<ExternalInterfaceException>(() => Host().Choose("4", options => options.Patterns.Add(pattern)));
        Assert.Contains($"'{pattern}' is not a regular expression", exception.Message);
    }

    [Theory]
    [InlineData("4", "192.0.2.1", "10.0.0.11", "eth1", "10.0.0.11", None)]
    [InlineData("4", "192.0.2.1", null, "eth1", "10.0.0.10", None)]
    [InlineData("6", "2001:db8:9::9", "2001:db8:1::10", "eth1", None, "2001:db8:1::10")]
    [InlineData("46", "192.0.2.1", "10.0.0.11", "eth1", "10.0.0.11", "2001:db8:1::10")]
    [InlineData("46", "2001:db8:9::9", "2001:db8:1::10", "eth1", "10.0.0.10", "2001:db8:1::10")]
    public void Make_CanReach_TakesTheKernelsWayAndSource(string stack, string target, string? source, string name, string ipv4, string ipv6) =>
        AssertChosen(Host().Way(target, "eth1", source).Choose(stack, options => options.CanReach = target), name, ipv4, ipv6);

    [Theory]
    [InlineData("4", "192.0.2.9", "has no route to 192.0.2.9")]
    [InlineData("4", "192.168.0.10", "through lo, which cannot be used")]
    [InlineData("4", "10.244.2.1", "through flannel.1, which cannot be used")]
    [InlineData("4", "2001:db8:9::9", "the network has IPv4 only")]
    [InlineData("6", "192.0.2.1", "the network has IPv6 only")]
    [InlineData("4", "somewhere", "is not an IP address")]
    public void Make_CanReachFails_SaysWhy(string stack, string target, string expected)
    {
        FakeHost host = Host().Way("192.168.0.10", "lo").Way("10.244.2.1", "flannel.1");

        Assert.Contains(expected, Assert.Throws<ExternalInterfaceException>(() => host.Choose(stack, options => options.CanReach = target)).Message);
    }

    [Theory]
    [InlineData("4", "10.0.0.11", null, "eth1", "10.0.0.11", None)]
    [InlineData("6", null, "2001:db8:1::10", "eth1", None, "2001:db8:1::10")]
    [InlineData("46", "10.0.0.11", null, "eth1", "10.0.0.11", "2001:db8:1::10")]
    [InlineData("46", null, "2001:db8:1::10", "eth1", "10.0.0.10", "2001:db8:1::10")]
    [InlineData("46", "10.0.0.11", "2001:db8:1::10", "eth1", "10.0.0.11", "2001:db8:1::10")]
    [InlineData("46", "10.0.0.11", "fe80::1", "eth1", "10.0.0.11", "fe80::1")]
    [InlineData("4", null, "2001:db8:99::1", "eth0", "192.168.0.10", None)] // an address of a family the network does not have says nothing
    public void Make_PublicAddressAlone_TakesItsOwner(string stack, string? publicIP, string? publicIPv6, string name, string ipv4, string ipv6)
    {
        ExternalInterface chosen = Host().Choose(stack, options =>
        {
            options.PublicIP = publicIP;
            options.PublicIPv6 = publicIPv6;
        });

        AssertChosen(chosen, name, ipv4, ipv6);
    }

    [Theory]
    [InlineData("4", "203.0.113.99", null, "no interface that is up has the address 203.0.113.99")]
    [InlineData("4", "172.16.0.10", null, "no interface that is up has the address 172.16.0.10")]
    [InlineData("46", "192.168.0.10", "2001:db8:1::10", "192.168.0.10 is on eth0 but 2001:db8:1::10 on eth1")]
    [InlineData("46", "192.168.0.10", "2001:db8:99::1", "no interface that is up has the address 2001:db8:99::1")]
    [InlineData("46", "203.0.113.4", null, "v4only was found, but it has no usable IPv6 address")]
    [InlineData("46", null, "2001:db8:6::6", "v6only was found, but it has no usable IPv4 address")]
    [InlineData("4", "2001:db8::10", null, "ExternalInterface.PublicIP is '2001:db8::10'; an IPv4 address")]
    [InlineData("6", null, "eth0", "ExternalInterface.PublicIPv6 is 'eth0'; an IPv6 address")]
    public void Make_PublicAddressDoesNotFit_SaysWhy(string stack, string? publicIP, string? publicIPv6, string expected)
    {
        var exception = Assert.Throws<ExternalInterfaceException>(() => Host().Choose(stack, options =>
        {
            options.PublicIP = publicIP;
            options.PublicIPv6 = publicIPv6;
        }));

        Assert.Contains(expected, exception.Message);
        Assert.Equal(11, exception.Candidates.Count);
    }

    [Fact]
    public void Make_PublicAddressWithName_IsPublishedInsteadOfTheInterfaces()
    {
        ExternalInterface chosen = Host().Choose("46", options =>
        {
            options.Name = "eth1";
            options.PublicIP = "203.0.113.1";
            options.PublicIPv6 = "2001:db8:ffff::1";
        });

        AssertChosen(chosen, "eth1", "10.0.0.10", "2001:db8:1::10", publicIP: "203.0.113.1", publicIPv6: "2001:db8:ffff::1");
        Assert.Equal((3, 9000), (chosen.Index, chosen.Mtu));
    }

    [Theory]
    [InlineData("eth1", "10.0.0.11", "10.0.0.11")]
    [InlineData("eth1", "192.168.0.10", "10.0.0.10")] // of another interface
    [InlineData("10.0.0.10", "10.0.0.11", "10.0.0.10")] // whoever names an address means it
    public void Make_PublicAddressThatTheInterfaceHas_IsTheOneInUse(string name, string publicIP, string used) =>
        AssertChosen(
            Host().Choose("4", options => (options.Name, options.PublicIP) = (name, publicIP)), "eth1", used, None, publicIP: publicIP);

    [Fact]
    public void Make_DualStackAddressWithPublicIPv6_MustHaveOneOwner()
    {
        ExternalInterface ofVersion6 = Host().Choose("46", options =>
        {
            options.Name = "2001:db8::10"; // an IPv6 name stands back behind the public address
            options.PublicIPv6 = "2001:db8:1::10";
        });
        AssertChosen(ofVersion6, "eth1", "10.0.0.10", "2001:db8:1::10");

        var exception = Assert.Throws<ExternalInterfaceException>(() => Host().Choose("46", options =>
        {
            options.Name = "192.168.0.10";
            options.PublicIPv6 = "2001:db8:1::10";
        }));
        Assert.Contains("one interface must have both", exception.Message);
        Assert.Equal("it has 192.168.0.10 but not 2001:db8:1::10", exception.Candidates.Single(candidate => candidate.Name == "eth0").Refusal);
    }

    [Theory]
    [InlineData("4", "nope0", "there is no interface 'nope0'")]
    [InlineData("4", "eth2", "'eth2' was found, but it is down")]
    [InlineData("4", "172.16.0.10", "no interface that is up has the address 172.16.0.10")]
    [InlineData("4", "bare", "bare was found, but it has no usable IPv4 address")]
    [InlineData("6", "v4only", "v4only was found, but it has no usable IPv6 address")]
    [InlineData("4", "mtu0", "mtu0 was found, but its MTU is 0")]
    [InlineData("4", "2001:db8::10", "2001:db8::10 was asked for, but the network has IPv4 only")]
    [InlineData("6", "192.168.0.10", "192.168.0.10 was asked for, but the network has IPv6 only")]
    [InlineData("4", "lo", "lo was found, but it has no usable IPv4 address")]
    [InlineData("4", "1", "there is no interface '1'")] // not 0.0.0.1
    [InlineData("6", "fe80::1%eth1", "there is no interface 'fe80::1%eth1'")]
    public void Make_NamedDoesNotFit_SaysWhy(string stack, string asked, string expected)
    {
        var exception = Assert.Throws<ExternalInterfaceException>(() => Host().Choose(stack, options => options.Name = asked));

        Assert.Contains(expected, exception.Message);
        Assert.Contains("ExternalInterface.Name", exception.Message);
        Assert.Equal(11, exception.Candidates.Count);
        Assert.All(exception.Candidates, candidate => Assert.NotNull(candidate.Refusal));
    }

    [Fact]
    public void Make_NothingFits_ReportsEveryCandidateWithItsReasons()
    {
        var exception = Assert.Throws<ExternalInterfaceException>(() => Host().Choose("4", options => options.Names.Add("eth7")));

        Assert.Equal(
            "No interface can carry the overlay's IPv4 packets: there is no interface 'eth7'. " +
            "Correct the host's network, or name the interface (ExternalInterface.Name; flannel: --iface). Candidates: " +
            "lo (no address): it was not asked for; it is the loopback interface; it has no usable IPv4 address; " +
            "eth0 (192.168.0.10, 2001:db8::10): it was not asked for; " +
            "eth1 (10.0.0.10, 10.0.0.11, 2001:db8:1::10, fe80::1): it was not asked for; " +
            "eth2 (172.16.0.10): it was not asked for; it is down; " +
            "v4only (203.0.113.4): it was not asked for; " +
            "v6only (2001:db8:6::6): it was not asked for; it has no usable IPv4 address; " +
            "bare (no address): it was not asked for; it has no usable IPv4 address; " +
            "mtu0 (198.51.100.1, 2001:db8:5::1): it was not asked for; " +
            "cni0 (10.244.1.1): it was not asked for; it is a bridge for containers; " +
            "docker0 (172.17.0.1): it was not asked for; it is a bridge for containers; " +
            "flannel.1 (10.244.1.0): it was not asked for; it belongs to an overlay itself.",
            exception.Message);
    }

    [Fact]
    public void Make_NoDefaultRoute_SaysWhichFamily()
    {
        FakeHost host = new FakeHost().Link("eth0").Address("192.168.0.10").Address("2001:db8::10").DefaultRoute("eth0");

        var exception = Assert.Throws<ExternalInterfaceException>(() => host.Choose("46"));

        Assert.Contains("there is no IPv6 default route in the main table", exception.Message);
        Assert.Equal("the default route does not name it", exception.Candidates.Single(candidate => candidate.Name == "eth0").Refusal);
    }

    [Fact]
    public void Make_DefaultRoutesOfTheFamiliesDiffer_IsAnError()
    {
        FakeHost host = new FakeHost()
            .Link("eth0").Address("192.168.0.10").Address("2001:db8::10")
            .Link("eth1").Address("10.0.0.10").Address("2001:db8:1::10")
            .DefaultRoute("eth0").DefaultRoute("eth1", AddressFamily.InterNetworkV6);

        var exception = Assert.Throws<ExternalInterfaceException>(() => host.Choose("46"));

        Assert.Contains("the IPv4 default route leaves through eth0 but the IPv6 one through eth1", exception.Message);
        Assert.Contains("eth1 (10.0.0.10, 2001:db8:1::10): only the IPv6 default route leaves through it", exception.Message);
        AssertChosen(host.Choose("6"), "eth1", None, "2001:db8:1::10");
    }

    [Fact]
    public void Make_MultipathDefaultRouteOverSeveralInterfaces_IsAnError()
    {
        FakeHost host = new FakeHost().Link("eth0").Address("192.168.0.10").Link("eth1").Address("10.0.0.10").MultipathDefaultRoute("eth0", "eth1");

        Assert.Contains(
            "the IPv4 default route has several next hops, over eth0 and eth1, so it does not tell one interface",
            Assert.Throws<ExternalInterfaceException>(() => host.Choose("4")).Message);
    }

    [Fact]
    public void Make_MultipathDefaultRouteOverOneInterface_TakesIt()
    {
        FakeHost host = new FakeHost()
            .Link("eth0")
            .Address("192.168.0.10")
            .Link("eth1")
            .Address("10.0.0.10")
            .MultipathDefaultRoute("eth1", "eth1", "eth1");

        AssertChosen(host.Choose("4"), "eth1", "10.0.0.10", None);
    }

    [Theory]
    [InlineData("enp1s0")]
    [InlineData("a-name-of-more-than-fifteen-bytes")]
    public void Make_AlternativeName_TakesThatInterface(string asked)
    {
        FakeHost host = new FakeHost()
            .Link("eth0").Address("192.168.0.10")
            .Link("eth1").Address("10.0.0.10").AlternativeName("enp1s0").AlternativeName("a-name-of-more-than-fifteen-bytes");

        AssertChosen(host.Choose("4", options => options.Name = asked), "eth1", "10.0.0.10", None);
        AssertChosen(host.Choose("4", options => options.Patterns.Add(asked)), "eth1", "10.0.0.10", None);
    }

    [Fact]
    public void Make_Loopback_HasTheMtuOfWhereItsPacketsLeave()
    {
        FakeHost host = new FakeHost().Address("203.0.113.7")
            .Link("eth0", mtu: 9000).Address("192.168.0.10")
            .Link("eth1", mtu: 1400).Address("10.0.0.10")
            .Link("docker0", mtu: 1200).Address("172.17.0.1");

        Assert.Equal(1400, host.Choose("4", options => options.Name = "lo").Mtu);
        Assert.Equal(1400, host.Choose("4", options => options.Name = "203.0.113.7").Mtu);
        Assert.Equal(9000, host.DefaultRoute("eth0").Choose("4", options => options.Name = "lo").Mtu);
        Assert.Equal(1400, host.MultipathDefaultRoute("eth0", "eth1").Choose("4", options => options.Name = "lo").Mtu);
        Assert.Equal(65536, new FakeHost().Address("203.0.113.7").Choose("4", options => options.Name = "lo").Mtu);
    }

    [Fact]
    public void Make_PublicAddressOfNobody_SaysThatItSelects() => Assert.Contains(
        "it is the public address (ExternalInterface.PublicIP; flannel: --public-ip), which selects the interface when nothing else does; behind " +
        "NAT name",
        Assert.Throws<ExternalInterfaceException>(() => Host().Choose("4", options => options.PublicIP = "203.0.113.99")).Message);

    [Fact]
    public void Make_SeveralDefaultRoutes_TakesTheFirstUnicastOneOfTheMainTable()
    {
        FakeHost host = new FakeHost()
            .Link("eth0").Address("192.168.0.10")
            .Link("eth1").Address("10.0.0.10")
            .Link("eth2").Address("172.16.0.10")
            .DefaultRoute("eth0", table: 100)
            .DefaultRoute("eth0", type: RouteType.Unreachable)
            .DefaultRoute("eth1")
            .DefaultRoute("eth2");

        AssertChosen(host.Choose("4"), "eth1", "10.0.0.10", None);
    }

    [Fact]
    public void Make_DefaultRouteThroughTheOverlay_IsRefused()
    {
        FakeHost host = new FakeHost().Link("flannel.1").Address("10.244.1.0").DefaultRoute("flannel.1");

        var exception = Assert.Throws<ExternalInterfaceException>(() => host.Choose("4"));

        Assert.Contains("leaves through flannel.1, which cannot be used", exception.Message);
        Assert.Equal("it belongs to an overlay itself", exception.Candidates[1].Refusal);
    }

    [Fact]
    public void Make_NoInterfaceAtAll_SaysSo()
    {
        var host = new Flannel.Linux.Interfaces.HostSnapshot([], [], [], static _ => null);

        var exception = Assert.Throws<ExternalInterfaceException>(
            () => Flannel.Linux.Interfaces.ExternalInterfaceChoice.Make(host, new ExternalInterfaceOptions(), ipv4: true, ipv6: false));

        Assert.Contains("There are no interfaces", exception.Message);
    }

    private const AddressFlags Permanent = AddressFlags.Permanent;
    private const AddressFlags Temporary = AddressFlags.Secondary; // one bit, whose meaning depends on the family

    public static TheoryData<string, string, AddressFlags, string, AddressFlags, string> Preferences => new()
    {
        // family, first address in the kernel's order, its flags, second, its flags, expected
        { "4", "10.0.0.1", Permanent, "10.0.0.2", Permanent, "10.0.0.1" },
        { "4", "169.254.0.1", Permanent, "10.0.0.2", Permanent, "10.0.0.2" },
        { "4", "169.254.0.1", Permanent, "10.0.0.2", AddressFlags.None, "10.0.0.2" }, // global goes before permanent
        { "4", "10.0.0.1", AddressFlags.None, "10.0.0.2", Permanent, "10.0.0.2" },
        { "4", "10.0.0.1", AddressFlags.None, "10.0.0.2", AddressFlags.None, "10.0.0.1" },
        { "4", "10.0.0.1", Permanent | AddressFlags.Secondary, "10.0.0.2", Permanent, "10.0.0.1" }, // a secondary IPv4 address is no temporary one
        { "4", "10.0.0.1", Permanent | AddressFlags.Deprecated, "10.0.0.2", AddressFlags.None, "10.0.0.2" },
        { "4", "127.0.0.5", Permanent, "10.0.0.2", AddressFlags.None, "10.0.0.2" },
        { "4", "169.254.0.1", Permanent, "127.0.0.2", Permanent, "169.254.0.1" },
        { "6", "fe80::1", Permanent, "2001:db8::2", AddressFlags.None, "2001:db8::2" },
        { "6", "2001:db8::1", Temporary, "2001:db8::2", AddressFlags.None, "2001:db8::2" },
        { "6", "2001:db8::1", AddressFlags.None, "2001:db8::2", Permanent, "2001:db8::2" },
        { "6", "2001:db8::1", Permanent | Temporary, "2001:db8::2", AddressFlags.None, "2001:db8::1" }, // permanent goes before non-temporary
        { "6", "2001:db8::1", Permanent | AddressFlags.DadFailed, "2001:db8::2", Temporary, "2001:db8::2" },
        { "6", "2001:db8::1", AddressFlags.Deprecated, "fe80::2", Permanent, "fe80::2" },
        { "6", "fd00::1", Permanent, "2001:db8::2", Permanent, "fd00::1" }, // unique local addresses are global in scope
        { "6", "ff02::1", Permanent, "fe80::2", Permanent, "fe80::2" },
    };

    [Theory]
    [MemberData(nameof(Preferences))]
    public void Make_SeveralAddresses_TakesTheOnePeersCanRelyOn(
        string stack, string first, AddressFlags firstFlags, string second, AddressFlags secondFlags, string expected)
    {
        ExternalInterface chosen = new FakeHost().Link("eth0").Address(first, firstFlags).Address(second, secondFlags)
            .Choose(stack, options => options.Name = "eth0");

        Assert.Equal(expected, (chosen.Address ?? chosen.AddressIPv6)!.ToString());
    }

    private static void AssertChosen(
        ExternalInterface chosen, string name, string ipv4, string ipv6, string? publicIP = null, string? publicIPv6 = null)
    {
        Assert.Equal((name, ipv4, ipv6), (chosen.Name, Text(chosen.Address), Text(chosen.AddressIPv6)));
        Assert.Equal((publicIP ?? ipv4, publicIPv6 ?? ipv6), (Text(chosen.PublicIP), Text(chosen.PublicIPv6)));
    }

    private static string Text(IPAddress? address) => address?.ToString() ?? None;
}

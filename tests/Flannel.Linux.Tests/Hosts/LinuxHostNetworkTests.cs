using System.Net;
using System.Net.Sockets;
using Flannel.Extensibility;
using Flannel.Lab.Namespaces;
using Flannel.Linux.Hosts;
using Flannel.Linux.Tests.Namespaces;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Links;
using Flannel.Netlink.Route.Monitoring;
using Flannel.Netlink.Route.Routes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flannel.Linux.Tests.Hosts;

public class LinuxHostNetworkTests
{
    private static readonly NetworkConfig IPv4 = new();
    private static readonly NetworkConfig DualStack = new() { EnableIPv6 = true };

    private readonly LinuxHostNetwork _host = new(TimeProvider.System, NullLogger<LinuxHostNetwork>.Instance);

    [NetnsFact]
    public async Task FindExternalInterface_DefaultRoute_IsTakenFromTheNamespace()
    {
        await using var lab = NetworkLab.Create(new LabOptions { Hosts = 2, DualStack = true, Mtu = 1400 });
        LabHost host = lab.Hosts[1];

        ExternalInterface found = await _host.FindExternalInterfaceAsync(host.NamespaceName, new ExternalInterfaceOptions(), DualStack, default);

        Assert.Equal(
            new ExternalInterface
            {
                Name = "eth0",
                Index = host.Device("eth0").Index,
                Mtu = 1400,
                Address = IPAddress.Parse("192.168.100.2"),
                AddressIPv6 = IPAddress.Parse("fd00:100::2"),
                PublicIP = IPAddress.Parse("192.168.100.2"),
                PublicIPv6 = IPAddress.Parse("fd00:100::2"),
                IsByDefaultRoute = true,
            },
            found);
    }

    [NetnsFact]
    public async Task FindExternalInterface_CanReach_AsksTheKernel()
    {
        await using var lab = NetworkLab.Create(new LabOptions { Hosts = 1, DefaultRoute = false });
        LabHost host = lab.Hosts[0];
        host.AddContainer(IPNetwork.Parse("10.1.2.0/24"));

        ExternalInterface found = await Find(host, options => options.CanReach = "192.168.100.77");
        var noRoute = await Assert.ThrowsAsync<ExternalInterfaceException>(() => Find(host, options => options.CanReach = "203.0.113.1"));
        var bridge = await Assert.ThrowsAsync<ExternalInterfaceException>(() => Find(host, options => options.CanReach = "10.1.2.9"));
        var itself = await Assert.ThrowsAsync<ExternalInterfaceException>(() => Find(host, options => options.CanReach = "192.168.100.1"));

        Assert.Equal(("eth0", "192.168.100.1"), (found.Name, found.Address!.ToString()));
        Assert.Contains("no route to 203.0.113.1", noRoute.Message);
        Assert.Contains("through cni0, which cannot be used", bridge.Message);
        Assert.Contains("through lo, which cannot be used", itself.Message);
    }

    [NetnsFact]
    public async Task FindExternalInterface_CanReachAProhibitedAddress_HasNoRoute()
    {
        await using var lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        lab.Hosts[0].Netlink.AddRoute(new RouteEntry { Destination = IPNetwork.Parse("203.0.113.0/24"), Type = RouteType.Prohibit });

        var exception = await Assert.ThrowsAsync<ExternalInterfaceException>(() => Find(lab.Hosts[0], options => options.CanReach = "203.0.113.1"));

        Assert.Contains("no route to 203.0.113.1", exception.Message);
    }

    [NetnsFact]
    public async Task FindExternalInterface_NoSuchName_ListsTheCandidates()
    {
        await using var lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        LabHost host = lab.Hosts[0];
        host.AddContainer(IPNetwork.Parse("10.1.2.0/24"));

        var exception = await Assert.ThrowsAsync<ExternalInterfaceException>(() => Find(host, options => options.Name = "eth7"));

        Assert.Equal(host.Netlink.GetLinks().Select(link => link.Name), exception.Candidates.Select(candidate => candidate.Name));
        Assert.Contains("there is no interface 'eth7'", exception.Message);
        InterfaceCandidate eth0 = exception.Candidates.Single(candidate => candidate.Name == "eth0");
        Assert.Equal(IPAddress.Parse("192.168.100.1"), eth0.Addresses[0]);
        Assert.Equal("it was not asked for", eth0.Refusal);
        Assert.Equal(
            "it was not asked for; it is a bridge for containers", exception.Candidates.Single(candidate => candidate.Name == "cni0").Refusal);
    }

    [NetnsFact]
    public async Task FindExternalInterface_InterfaceGoesDown_IsRefusedUntilItIsUp()
    {
        await using var lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        LabHost host = lab.Hosts[0];
        int eth0 = host.Device("eth0").Index;

        host.Netlink.ChangeLink(eth0, new LinkChange { IsUp = false });
        var exception = await Assert.ThrowsAsync<ExternalInterfaceException>(() => Find(host, options => options.Name = "eth0"));
        host.Netlink.ChangeLink(eth0, new LinkChange { IsUp = true });
        ExternalInterface found = await Find(host, options => options.Name = "eth0");

        Assert.Contains("'eth0' was found, but it is down", exception.Message);
        Assert.Equal("192.168.100.1", found.Address!.ToString());
    }

    [NetnsFact]
    public async Task FindExternalInterface_SeveralNextHopsOverOneInterface_TakesIt()
    {
        await using var lab = NetworkLab.Create(new LabOptions { Hosts = 1, DefaultRoute = false });
        LabHost host = lab.Hosts[0];
        await host.ExecAsync(
            "ip", "route", "add", "default", "nexthop", "via", "192.168.100.253", "dev", "eth0", "nexthop", "via", "192.168.100.254", "dev", "eth0");

        Assert.Equal(("eth0", "192.168.100.1"), await FoundAsync());

        await host.ExecAsync("ip", "route", "del", "default");
        await host.ExecAsync("ip", "nexthop", "add", "id", "1", "via", "192.168.100.253", "dev", "eth0");
        await host.ExecAsync("ip", "nexthop", "add", "id", "2", "via", "192.168.100.254", "dev", "eth0");
        await host.ExecAsync("ip", "nexthop", "add", "id", "3", "group", "1/2");
        await host.ExecAsync("ip", "route", "add", "default", "nhid", "3");
        Assert.Equal(("eth0", "192.168.100.1"), await FoundAsync());

        async Task<(string, string)> FoundAsync() => await Find(host, _ => { }) is var found ? (found.Name, found.Address!.ToString()) : default;
    }

    [NetnsFact]
    public async Task FindExternalInterface_SeveralNextHopsForIPv6OverOneInterface_TakesIt()
    {
        await using var lab = NetworkLab.Create(new LabOptions { Hosts = 1, DualStack = true, DefaultRoute = false });
        LabHost host = lab.Hosts[0];
        foreach ((string family, string one, string other) in new[]
        {
            ("-4", "192.168.100.253", "192.168.100.254"),
            ("-6", "fd00:100::fd", "fd00:100::fe"),
        })
        {
            await host.ExecAsync(
                "ip", family, "route", "add", "default", "nexthop", "via", one, "dev", "eth0", "nexthop", "via", other, "dev", "eth0");
        }

        ExternalInterface found = await _host.FindExternalInterfaceAsync(host.NamespaceName, new ExternalInterfaceOptions(), DualStack, default);

        Assert.Equal(("eth0", "fd00:100::1"), (found.Name, found.AddressIPv6!.ToString()));
    }

    [NetnsFact]
    public async Task FindExternalInterface_SeveralNextHopsOverSeveralInterfaces_IsRefused()
    {
        await using var lab = NetworkLab.Create(new LabOptions { Hosts = 1, DefaultRoute = false });
        LabHost host = lab.Hosts[0];
        host.Netlink.CreateLink(new BridgeLinkSpec("eth1") { IsUp = true });
        await host.ExecAsync("ip", "address", "add", "10.9.9.1/24", "dev", "eth1");
        await host.ExecAsync(
            "ip", "route", "add", "default", "nexthop", "via", "192.168.100.253", "dev", "eth0", "nexthop", "via", "10.9.9.2", "dev", "eth1");

        var exception = await Assert.ThrowsAsync<ExternalInterfaceException>(() => Find(host, _ => { }));

        Assert.Contains("several next hops, over eth0 and eth1, so", exception.Message);
    }

    [NetnsFact]
    public async Task FindExternalInterface_AlternativeName_TakesThatInterface()
    {
        await using var lab = NetworkLab.Create(new LabOptions { Hosts = 1, DefaultRoute = false });
        LabHost host = lab.Hosts[0];
        await host.ExecAsync("ip", "link", "property", "add", "dev", "eth0", "altname", "enp0s31f6", "altname", "a-name-of-more-than-fifteen-bytes");

        Assert.Equal("eth0", (await Find(host, options => options.Name = "enp0s31f6")).Name);
        Assert.Equal("eth0", (await Find(host, options => options.Name = "a-name-of-more-than-fifteen-bytes")).Name);
        Assert.Equal(["enp0s31f6", "a-name-of-more-than-fifteen-bytes"], host.Device("eth0").AlternativeNames);
        Assert.Empty(host.Device("lo").AlternativeNames);
    }

    [NetnsFact]
    public async Task FindExternalInterface_LoopbackHasTheHostsAddress_TakesTheMtuOfTheRoute()
    {
        await using var lab = NetworkLab.Create(new LabOptions { Hosts = 1, Mtu = 1400 });
        LabHost host = lab.Hosts[0];
        await host.ExecAsync("ip", "address", "add", "203.0.113.7/32", "dev", "lo");

        ExternalInterface found = await Find(host, options => options.Name = "lo");

        Assert.Equal(("lo", "203.0.113.7", 1400), (found.Name, found.Address!.ToString(), found.Mtu));
    }

    [NetnsFact]
    public async Task FindExternalInterface_SeveralDefaultRoutes_TakesTheLowestMetric()
    {
        await using var lab = NetworkLab.Create(new LabOptions { Hosts = 1, DefaultRoute = false });
        LabHost host = lab.Hosts[0];
        host.Netlink.CreateLink(new BridgeLinkSpec("eth1") { IsUp = true });
        await host.ExecAsync("ip", "address", "add", "10.9.9.1/24", "dev", "eth1");
        await host.ExecAsync("ip", "route", "add", "default", "via", "192.168.100.254", "metric", "200");
        await host.ExecAsync("ip", "route", "add", "default", "via", "10.9.9.2", "metric", "100");

        Assert.Equal("eth1", (await Find(host, _ => { })).Name);
    }

    [NetnsFact]
    public async Task GetPrefixes_HostWithContainers_ListsAddressesAndRoutesWithoutDefaults()
    {
        await using var lab = NetworkLab.Create(new LabOptions { Hosts = 1, DualStack = true });
        LabHost host = lab.Hosts[0];
        host.AddContainer(IPNetwork.Parse("10.1.2.0/24"));
        await host.ExecAsync("ip", "route", "add", "10.5.0.0/16", "via", "192.168.100.254");
        await host.ExecAsync("ip", "route", "add", "blackhole", "10.6.0.0/16");
        await host.ExecAsync("ip", "address", "add", "10.7.0.1", "peer", "10.7.0.2/30", "dev", "eth0");

        IReadOnlyList<HostPrefix> prefixes = await _host.GetPrefixesAsync(host.NamespaceName, default);

        string[] texts = [.. prefixes.Select(prefix => prefix.ToString())];
        Assert.Contains("address 192.168.100.0/24 on eth0", texts);
        Assert.Contains("address fd00:100::/64 on eth0", texts);
        Assert.Contains("address 127.0.0.0/8 on lo", texts);
        Assert.Contains("address 10.1.2.0/24 on cni0", texts);
        Assert.Contains("address 10.7.0.0/30 on eth0", texts);
        Assert.Contains("route 10.1.2.0/24 on cni0", texts);
        Assert.Contains("route 10.5.0.0/16 via 192.168.100.254 on eth0", texts);
        Assert.Contains("route 10.6.0.0/16", texts);
        Assert.Equal(
            ["10.1.2.1", "10.7.0.1", "127.0.0.1"],
            prefixes.Select(prefix => prefix.Address?.ToString()).Where(address => address is "10.1.2.1" or "10.7.0.1" or "127.0.0.1").Order());
        Assert.All(prefixes, prefix => Assert.Equal(prefix.IsAddress, prefix.Address is not null));
        Assert.DoesNotContain(prefixes, prefix => prefix.Prefix.PrefixLength == 0);
        Assert.DoesNotContain(prefixes, prefix => !prefix.IsAddress && prefix.Prefix.PrefixLength == 32); // those of the local table
        Assert.Contains(prefixes, prefix => prefix.Prefix.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6 && !prefix.IsAddress);
    }

    [NetnsFact]
    public async Task GetPrefixes_BridgeOfAnEngineAndLink_TellsWhichIsABridge()
    {
        await using var lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        LabHost host = lab.Hosts[0];
        await host.ExecAsync("sh", "-e", "-c", """
            ip link add docker0 type bridge
            ip address add 10.5.9.1/24 dev docker0
            ip link set docker0 up
            ip address add 10.5.10.1/24 dev eth0
            """);

        IReadOnlyList<HostPrefix> prefixes = await _host.GetPrefixesAsync(host.NamespaceName, default);

        Assert.Equal(
            [true, true], prefixes.Where(prefix => prefix.Prefix == IPNetwork.Parse("10.5.9.0/24")).Select(static prefix => prefix.IsOnBridge));
        Assert.Equal(
            [false, false], prefixes.Where(prefix => prefix.Prefix == IPNetwork.Parse("10.5.10.0/24")).Select(static prefix => prefix.IsOnBridge));
    }

    [NetnsTheory]
    [InlineData(false, "0", "1", null)]
    [InlineData(false, "1", "0", "net.ipv4.ip_forward")]
    [InlineData(true, "0", "0", "net.ipv4.ip_forward")]
    [InlineData(true, "1", "0", "net.ipv4.ip_forward")]
    [InlineData(true, "0", "1", "net.ipv6.conf.all.forwarding")]
    [InlineData(true, "1", "1", null)]
    public async Task CheckForwarding_WhatIsOff_IsNamedOrTurnedOn(bool dualStack, string ipv6, string ipv4, string? named)
    {
        await using var lab = NetworkLab.Create(new LabOptions { Hosts = 1, DualStack = true });
        LabHost host = lab.Hosts[0];
        await host.ExecAsync("sysctl", "-qw", $"net.ipv4.ip_forward={ipv4}", $"net.ipv6.conf.all.forwarding={ipv6}");
        NetworkConfig config = dualStack ? DualStack : IPv4;

        string? problem = (await _host.CheckForwardingAsync(host.NamespaceName, config, enable: false, default)).Problem;
        Assert.Equal(named is not null, problem is not null);
        if (named is not null)
        {
            Assert.Contains($"sysctl -w {named}=1", problem, StringComparison.Ordinal);
            Assert.Contains("-enable-forwarding", problem, StringComparison.Ordinal);
        }

        Assert.Null((await _host.CheckForwardingAsync(host.NamespaceName, config, enable: true, default)).Problem);
        Assert.Equal("1", host.Namespace.Run(static () => NetworkSysctl.Read("ipv4/ip_forward")).Value);
        Assert.Equal(dualStack ? "1" : ipv6, host.Namespace.Run(static () => NetworkSysctl.Read("ipv6/conf/all/forwarding")).Value);
    }

    [NetnsFact]
    public async Task CheckForwarding_TurnedOn_KeepsTheRouteThatARouterAdvertises()
    {
        await using var lab = NetworkLab.Create(new LabOptions { Hosts = 2, DualStack = true });
        (LabHost host, LabHost router) = (lab.Hosts[0], lab.Hosts[1]);
        await host.ExecAsync("sysctl", "-qw", "net.ipv6.conf.all.forwarding=0", "net.ipv6.conf.eth0.accept_ra=1");
        await host.ExecAsync("ip", "address", "replace", "fe80::a/64", "dev", "eth0", "nodad");
        await router.ExecAsync("ip", "address", "replace", "fe80::b/64", "dev", "eth0", "nodad");
        using var netlink = host.Namespace.Run(static () => RouteNetlink.Open());
        using RouteMonitor monitor = host.Namespace.Run(static () => RouteMonitor.Open());
        router.Namespace.Run(() => RouterAdvertisement.Send(IPAddress.Parse("fe80::b"), router.External.Index));
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await foreach (RouteNotification unused in monitor.WatchAsync(patience.Token))
        {
            if (HasAdvertised()) break;
        }

        string? problem = (await _host.CheckForwardingAsync(host.NamespaceName, DualStack, enable: false, default)).Problem;
        Assert.Contains("sysctl -w net.ipv6.conf.eth0.accept_ra=2, then turn it on", problem, StringComparison.Ordinal);

        Assert.Null((await _host.CheckForwardingAsync(host.NamespaceName, DualStack, enable: true, default)).Problem);
        Assert.True(HasAdvertised());
        Assert.Equal("1", host.Namespace.Run(static () => NetworkSysctl.Read("ipv6/conf/all/forwarding")).Value);

        bool HasAdvertised() => netlink
            .GetRoutes(AddressFamily.InterNetworkV6, new RouteFilter { Protocol = RouteProtocol.RouterAdvertisement })
            .Any(static route => route.Destination.PrefixLength == 0);
    }

    [NetnsFact]
    public async Task CheckAccess_WithPrivileges_Passes()
    {
        await using var lab = NetworkLab.Create(new LabOptions { Hosts = 1 });

        await _host.CheckAccessAsync(null, default);
        await _host.CheckAccessAsync(lab.Hosts[0].NamespaceName, default);
        await _host.CheckAccessAsync(lab.Hosts[0].Namespace.Path, default);
    }

    [NetnsTheory]
    [InlineData(new[] { Privileges.NetAdmin }, false, "CAP_NET_ADMIN")]
    [InlineData(new[] { Privileges.NetAdmin }, true, "CAP_NET_ADMIN")]
    [InlineData(new[] { Privileges.NetAdmin, Privileges.SysAdmin }, false, "CAP_NET_ADMIN")]
    [InlineData(new[] { Privileges.NetAdmin, Privileges.SysAdmin }, true, "CAP_NET_ADMIN", "CAP_SYS_ADMIN")]
    [InlineData(new[] { Privileges.SysAdmin }, true, "CAP_SYS_ADMIN")]
    [InlineData(new[] { Privileges.SysAdmin }, false)]
    public async Task CheckAccess_CapabilitiesMissing_NamesEach(int[] dropped, bool inNamespace, params string[] expected)
    {
        await using var lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        string? name = inNamespace ? lab.Hosts[0].NamespaceName : null;
        Task? check = null;

        Privileges.RunWithout(dropped, () => check = _host.CheckAccessAsync(name, default));

        if (expected is [])
        {
            await check!;
            return;
        }

        var exception = await Assert.ThrowsAsync<MissingCapabilityException>(() => check!);
        Assert.Equal(expected, exception.Capabilities);
        Assert.Equal(expected[0], exception.Capability);
        Assert.Contains($"AmbientCapabilities={string.Join(' ', expected)};", exception.Message);
        if (name is not null)
            Assert.Contains(name, exception.Message);
    }

    [NetnsFact]
    public async Task EveryQuestion_NamespaceMissing_IsTyped()
    {
        await Assert.ThrowsAsync<NetworkNamespaceException>(() => _host.CheckAccessAsync("does-not-exist", default));
        await Assert.ThrowsAsync<NetworkNamespaceException>(() => _host.GetPrefixesAsync("does-not-exist", default));
        await Assert.ThrowsAsync<NetworkNamespaceException>(
            () => _host.FindExternalInterfaceAsync("does-not-exist", new ExternalInterfaceOptions(), IPv4, default));
    }

    [Fact]
    public async Task EveryQuestion_Cancelled_IsCancelled()
    {
        var cancelled = new CancellationToken(canceled: true);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _host.CheckAccessAsync(null, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _host.GetPrefixesAsync(null, cancelled));
    }

    [Fact]
    public async Task UnsupportedHostNetwork_EveryQuestion_NamesThePlatform()
    {
        var host = new UnsupportedHostNetwork();

        var exception = await Assert.ThrowsAsync<UnsupportedPlatformException>(() => host.CheckAccessAsync(null, default));
        await Assert.ThrowsAsync<UnsupportedPlatformException>(() => host.GetPrefixesAsync(null, default));
        await Assert.ThrowsAsync<UnsupportedPlatformException>(
            () => host.FindExternalInterfaceAsync(null, new ExternalInterfaceOptions(), IPv4, default));
        Assert.Contains(exception.Platform, exception.Message);
    }

    [Fact]
    public void AddFlannelLinux_Twice_RegistersOneHostNetworkAndKeepsAnExistingOne()
    {
        var services = new ServiceCollection();
        services.AddLogging().AddFlannelLinux().AddFlannelLinux();
        using ServiceProvider provider = services.BuildServiceProvider();
        Assert.IsType<LinuxHostNetwork>(Assert.Single(provider.GetServices<IHostNetwork>()));

        var own = new UnsupportedHostNetwork();
        using ServiceProvider withOwn = new ServiceCollection().AddSingleton<IHostNetwork>(own).AddFlannelLinux().BuildServiceProvider();
        Assert.Same(own, withOwn.GetRequiredService<IHostNetwork>());
    }

    private Task<ExternalInterface> Find(LabHost host, Action<ExternalInterfaceOptions> configure)
    {
        var options = new ExternalInterfaceOptions();
        configure(options);
        return _host.FindExternalInterfaceAsync(host.NamespaceName, options, IPv4, default);
    }
}

using System.Net;
using System.Net.Sockets;
using Flannel.Containers.Tests.Kernel;
using Flannel.Lab.Pinging;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Links;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Containers.Tests;

/// <summary>What the options change in the kernel.</summary>
public sealed class OptionTests
{
    [SkippableTheory]
    [InlineData(ContainerMode.Bridge)]
    [InlineData(ContainerMode.Routed)]
    public async Task Blackhole_EndsPacketsToAddressesThatNobodyHas(ContainerMode mode)
    {
        await using var host = new Host(mode, configure: static options => options.Blackhole = true);
        ContainerAttachment one = host.NewAttachment("one");
        AttachedContainer attached = await host.Network.AttachAsync(one);

        List<RouteEntry> blackholes = [.. host.Netlink.GetRoutes().Where(static route => route.Type == RouteType.Blackhole)];

        Assert.Equal(host.Subnets, blackholes.Select(static route => route.Destination).OrderBy(static subnet => subnet.BaseAddress.AddressFamily));
        foreach (IPAddress address in attached.Addresses)
            Assert.True((await Pinger.PingAsync(host.Namespace, address)).Received > 0, $"{address} does not answer");
        if (mode == ContainerMode.Routed) Assert.Contains("EINVAL", await RefusalAsync(host, "10.244.7.99"), StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData(ContainerMode.Bridge)]
    [InlineData(ContainerMode.Routed)]
    public async Task NoDefaultGateway_LeavesNeighboursAndTheRoutesThatWereNamed(ContainerMode mode)
    {
        await using var host = new Host(mode, configure: static options =>
        {
            options.IsDefaultGateway = false;
            options.Routes.Add(IPNetwork.Parse("10.99.0.0/16"));
            options.Routes.Add(IPNetwork.Parse("fd00:99::/48"));
        });
        ContainerAttachment one = host.NewAttachment("one"), two = host.NewAttachment("two");
        AttachedContainer attached = await host.Network.AttachAsync(one);
        AttachedContainer neighbour = await host.Network.AttachAsync(two);

        Assert.DoesNotContain(RoutesOf(one), static route => route.IsDefault);
        foreach ((string network, IPAddress gateway) in new[] { "10.99.0.0/16", "fd00:99::/48" }.Zip(attached.Gateways))
            Assert.Equal(gateway, Assert.Single(RoutesOf(one), route => route.Destination == IPNetwork.Parse(network)).Gateway);
        Assert.Equal(mode == ContainerMode.Bridge ? 2 : 4, attached.Result.Routes.Count);
        foreach (IPAddress address in neighbour.Addresses.Concat(attached.Gateways))
            Assert.True((await Pinger.PingAsync(one.Namespace!, address)).Received > 0, $"{address} does not answer");
        Assert.Equal("all is well", (await host.Network.CheckAsync(one)).ToString());
    }

    [SkippableFact]
    public async Task Routes_StandBesideTheDefaultRoute()
    {
        await using var host = new Host(dualStack: false, configure: static options => options.Routes.Add(IPNetwork.Parse("10.99.0.0/16")));
        ContainerAttachment one = host.NewAttachment("one");

        await host.Network.AttachAsync(one);

        Assert.Single(RoutesOf(one), static route => route.IsDefault);
        Assert.Single(RoutesOf(one), static route => route.Destination == IPNetwork.Parse("10.99.0.0/16"));
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Promiscuous_IsTheBridge_NewOrFound(bool isFound)
    {
        await using var host = new Host(configure: static options => options.Promiscuous = true);
        if (isFound) host.Netlink.CreateLink(new BridgeLinkSpec("cni0") { IsUp = true });

        await host.Network.AttachAsync(host.NewAttachment("one"));

        Assert.True(host.Netlink.FindLink("cni0")!.Flags.HasFlag(LinkFlags.Promiscuous));
    }

    private static List<RouteEntry> RoutesOf(ContainerAttachment attachment)
    {
        using RouteNetlink inside = attachment.Namespace!.Run(static () => RouteNetlink.Open());
        return [.. inside.GetRoutes()];
    }

    private static async Task<string> RefusalAsync(Host host, string address)
    {
        using Socket socket = host.Namespace.Run(static () => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        SocketException refusal = await Assert.ThrowsAsync<SocketException>(() => socket.ConnectAsync(new IPEndPoint(IPAddress.Parse(address), 9)));
        return refusal.SocketErrorCode == SocketError.InvalidArgument ? "EINVAL" : $"{refusal.SocketErrorCode}";
    }
}

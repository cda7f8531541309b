using System.Net;
using System.Net.Sockets;
using Flannel.Linux.Interfaces;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Linux.Tests.Interfaces;

/// <summary>A host in words: <c>host.Link("eth0").Address("10.0.0.1").DefaultRoute("eth0")</c>. It has <c>lo</c> from the start.</summary>
internal sealed class FakeHost
{
    private readonly List<Link> _links = [];
    private readonly List<InterfaceAddress> _addresses = [];
    private readonly List<RouteEntry> _routes = [];
    private readonly Dictionary<IPAddress, RouteEntry> _ways = [];

    internal FakeHost()
    {
        Link("lo", mtu: 65536, flags: LinkFlags.Up | LinkFlags.Loopback);
        Address("127.0.0.1");
        Address("::1");
    }

    internal FakeHost Link(string name, int mtu = 1500, LinkFlags flags = LinkFlags.Up)
    {
        _links.Add(new Link { Index = _links.Count + 1, Name = name, Mtu = mtu, Flags = flags });
        return this;
    }

    /// <summary>Gives another name to the link added last.</summary>
    internal FakeHost AlternativeName(string name)
    {
        _links[^1] = _links[^1] with { AlternativeNames = [.. _links[^1].AlternativeNames, name] };
        return this;
    }

    /// <summary>Gives an address to the link added last.</summary>
    internal FakeHost Address(string address, AddressFlags flags = AddressFlags.Permanent)
    {
        IPAddress parsed = IPAddress.Parse(address);
        _addresses.Add(
            new InterfaceAddress { LinkIndex = _links.Count, Address = parsed, PrefixLength = parsed.GetAddressBytes().Length * 4, Flags = flags });
        return this;
    }

    internal FakeHost DefaultRoute(
        string device, AddressFamily family = AddressFamily.InterNetwork, uint table = RouteEntry.MainTable, RouteType type = RouteType.Unicast)
    {
        _routes.Add(new RouteEntry { Destination = Everything(family), LinkIndex = IndexOf(device), Table = table, Type = type });
        return this;
    }

    internal FakeHost MultipathDefaultRoute(params string[] devices)
    {
        _routes.Add(new RouteEntry
        {
            Destination = Everything(AddressFamily.InterNetwork),
            Hops = [.. devices.Select(device => new RouteHop { LinkIndex = IndexOf(device) })],
        });
        return this;
    }

    internal FakeHost Way(string target, string device, string? source = null)
    {
        _ways[IPAddress.Parse(target)] = new RouteEntry
        {
            Destination = new IPNetwork(IPAddress.Parse(target), IPAddress.Parse(target).GetAddressBytes().Length * 8),
            LinkIndex = IndexOf(device),
            PreferredSource = source is null ? null : IPAddress.Parse(source),
        };
        return this;
    }

    internal ExternalInterface Choose(string stack, Action<ExternalInterfaceOptions>? configure = null)
    {
        var options = new ExternalInterfaceOptions();
        configure?.Invoke(options);
        var host = new HostSnapshot(_links, _addresses, _routes, _ways.GetValueOrDefault);
        return ExternalInterfaceChoice.Make(host, options, ipv4: stack is "4" or "46", ipv6: stack is "6" or "46");
    }

    private int IndexOf(string device) => _links.Single(link => link.Name == device).Index;

    private static IPNetwork Everything(AddressFamily family) => new(family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
}

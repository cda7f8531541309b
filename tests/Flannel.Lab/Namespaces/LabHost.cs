using System.Net;
using Flannel.Netlink.Route.Links;

namespace Flannel.Lab.Namespaces;

/// <summary>
/// A host of a <see cref="NetworkLab"/>: <c>eth0</c> on the underlay, and, once it has containers, the bridge <c>cni0</c>. It forwards packets.
/// </summary>
public sealed class LabHost : LabNode
{
    private readonly List<LabContainer> _containers = [];
    private readonly int _number;

    internal LabHost(int number)
        : base($"h{number}") => _number = number;

    /// <summary>The containers so far.</summary>
    public IReadOnlyList<LabContainer> Containers => _containers;

    /// <summary>The interface on the underlay, as a backend is told of it.</summary>
    public ExternalInterface External => ExternalOver("eth0");

    internal string Port => $"h{_number}";

    /// <summary>
    /// Moves the host's addresses and default routes to a new bridge <c>br0</c> that <c>eth0</c> becomes a port of, as hypervisors do. Other routes
    /// over <c>eth0</c> stay.
    /// </summary>
    /// <returns>The bridge, as a backend is told of it.</returns>
    public async Task<ExternalInterface> MoveToBridgeAsync()
    {
        await ExecAsync("sh", "-e", "-c", $"""
            ip link add br0 type bridge
            ip link set eth0 master br0
            ip link set br0 up
            ip addr del {Address}/24 dev eth0
            ip addr add {Address}/24 dev br0
            ip route replace default via 192.168.100.254 dev br0
            """);
        if (AddressIPv6 is not null)
        {
            await ExecAsync("sh", "-e", "-c", $"""
                ip addr del {AddressIPv6}/64 dev eth0
                ip addr add {AddressIPv6}/64 dev br0 nodad
                ip -6 route del default dev eth0
                ip -6 route add default via fd00:100::ffff dev br0
                """);
        }

        return ExternalOver("br0");
    }

    /// <summary>
    /// Adds a container: a namespace joined to the bridge <c>cni0</c>, with the next free address of the subnet and a default route to the
    /// bridge, which has the subnet's first address.
    /// </summary>
    /// <param name="subnet">The host's IPv4 subnet, or <see langword="null"/>.</param>
    /// <param name="subnetIPv6">The host's IPv6 subnet, or <see langword="null"/>.</param>
    /// <param name="mtu">The container's MTU in bytes.</param>
    public LabContainer AddContainer(IPNetwork? subnet, IPNetwork? subnetIPv6 = null, int mtu = 1450)
    {
        int number = _containers.Count + 1;
        Link bridge = Netlink.FindLink("cni0") ?? CreateBridge(subnet, subnetIPv6, mtu);
        var container = new LabContainer($"h{_number}c{number}");
        _containers.Add(container); // before anything can fail, so that it is removed in any case
        Plug(bridge, $"veth{number}", container, mtu);
        container.Configure(
            subnet is { } range ? (Nth(range, number + 1), Nth(range, 1), range.PrefixLength) : null,
            subnetIPv6 is { } rangeIPv6 ? (Nth(rangeIPv6, number + 1), Nth(rangeIPv6, 1), rangeIPv6.PrefixLength) : null);
        return container;
    }

    internal void Join(LabUnderlay underlay, LabOptions options)
    {
        underlay.Plug(this);
        EnableForwarding();
        Link eth0 = Device("eth0");
        Netlink.ChangeLink(eth0.Index, new LinkChange { IsUp = true });

        Address = IPAddress.Parse($"192.168.100.{_number}");
        AddAddress(eth0.Index, Address, 24);
        if (options.DefaultRoute)
            AddDefaultRoute(eth0.Index, underlay.Address!);
        if (options.DualStack)
        {
            AddressIPv6 = IPAddress.Parse($"fd00:100::{_number:x}");
            AddAddress(eth0.Index, AddressIPv6, 64);
            if (options.DefaultRoute)
                AddDefaultRoute(eth0.Index, underlay.AddressIPv6!);
        }

        AwaitRest();
    }

    private ExternalInterface ExternalOver(string device)
    {
        Link link = Device(device);
        return new ExternalInterface
        {
            Name = link.Name,
            Index = link.Index,
            Mtu = link.Mtu,
            Address = Address,
            PublicIP = Address,
            AddressIPv6 = AddressIPv6,
            PublicIPv6 = AddressIPv6,
        };
    }

    private Link CreateBridge(IPNetwork? subnet, IPNetwork? subnetIPv6, int mtu)
    {
        Link bridge = Netlink.CreateLink(new BridgeLinkSpec("cni0") { Mtu = mtu, IsUp = true });
        if (subnet is { } range)
            AddAddress(bridge.Index, Nth(range, 1), range.PrefixLength);
        if (subnetIPv6 is { } rangeIPv6)
            AddAddress(bridge.Index, Nth(rangeIPv6, 1), rangeIPv6.PrefixLength);
        return bridge;
    }

    private static IPAddress Nth(IPNetwork network, int offset)
    {
        byte[] bytes = network.BaseAddress.GetAddressBytes();
        bytes[^1] += (byte)offset;
        return new IPAddress(bytes);
    }
}

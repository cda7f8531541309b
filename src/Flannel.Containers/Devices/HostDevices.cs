using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Flannel.Containers.Addresses;
using Flannel.Containers.Subnets;
using Flannel.Extensibility;
using Flannel.Netlink;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Containers.Devices;

/// <summary>What the host itself needs before a container can be attached: the bridge with the gateway's addresses, forwarding, blackholes.</summary>
[SupportedOSPlatform("linux")]
internal sealed class HostDevices(ContainerNetworkOptions options, RouteNetlink netlink, Func<IReadOnlyDictionary<IPAddress, Owner>> reservations)
{
    private const uint BlackholeMetric = 0x7fff0000; // behind every other route with this prefix

    private readonly Lock _lock = new();
    private (HostSubnets Subnets, int Bridge)? _prepared;

    /// <summary>Makes what is missing.</summary>
    /// <returns>Index of the bridge; 0 without one.</returns>
    /// <exception cref="ContainerNetworkException">The bridge has a foreign address, or another device has its name.</exception>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public int Prepare(HostSubnets subnets)
    {
        lock (_lock)
        {
            Link? bridge = options.Mode == ContainerMode.Bridge ? netlink.FindLink(options.BridgeName) : null;
            if (_prepared is { } prepared && prepared.Subnets.Equals(subnets) && prepared.Bridge == (bridge?.Index ?? 0)
                && bridge is null or { IsUp: true })
            {
                return prepared.Bridge;
            }

            int index = options.Mode == ContainerMode.Bridge ? PrepareBridge(bridge, subnets) : 0;
            if (options.EnableForwarding) EnableForwarding(subnets);
            if (options.Blackhole)
            {
                foreach (IPNetwork subnet in subnets.Subnets) netlink.ReplaceRoute(Blackhole(subnet));
            }

            _prepared = (subnets, index);
            return index;
        }
    }

    /// <summary>Lets mapped ports be reached from 127.0.0.1: packets from there leave through these devices.</summary>
    public void AllowLocalnet(int device) => netlink.ChangeLink(device, new LinkChange { RouteLocalnet = true });

    /// <summary>Takes an address of an earlier subnet from the bridge once no container needs it any more, and blackholes with it.</summary>
    public void RemoveOldGateways(HostSubnets subnets)
    {
        lock (_lock)
        {
            if (options.Mode != ContainerMode.Bridge || netlink.FindLink(options.BridgeName) is not { } bridge || !IsOurs(bridge)) return;
            foreach (InterfaceAddress address in StrangersOn(bridge, subnets).Where(address => !IsInUse(address))) netlink.DeleteAddress(address);
        }
    }

    /// <summary>What is wrong with the bridge.</summary>
    public IEnumerable<string> FindProblems(HostSubnets subnets)
    {
        if (options.Mode != ContainerMode.Bridge) yield break;
        if (netlink.FindLink(options.BridgeName) is not { } bridge)
        {
            yield return $"the bridge {options.BridgeName} is gone";
            yield break;
        }

        if (!bridge.IsUp) yield return $"the bridge {bridge.Name} is down";
        if (bridge.Mtu != subnets.Mtu) yield return $"the bridge {bridge.Name} has an MTU of {bridge.Mtu}, not {subnets.Mtu}";
        IReadOnlyList<InterfaceAddress> addresses = netlink.GetAddresses(AddressFamily.Unspecified, bridge.Index);
        foreach (AddressRange range in subnets.Ranges.Where(range => addresses.All(address => !address.Address.Equals(range.Gateway))))
            yield return $"the bridge {bridge.Name} lost the gateway's address {range.Gateway}";
    }

    private static RouteEntry Blackhole(IPNetwork subnet) => new() { Destination = subnet, Type = RouteType.Blackhole, Metric = BlackholeMetric };

    private int PrepareBridge(Link? bridge, HostSubnets subnets)
    {
        if (bridge is not null and not { Kind: "bridge" })
        {
            throw new ContainerNetworkException(
                ContainerNetworkError.NameTaken,
                $"{bridge.Name} is no bridge but a device of kind {bridge.Kind ?? "hardware"}. Rename it, or choose another BridgeName.");
        }

        bridge ??= MakeBridge(subnets);
        if (!IsOurs(bridge) || !bridge.IsUp || bridge.Mtu != subnets.Mtu) AdoptBridge(bridge, subnets);
        IReadOnlyList<InterfaceAddress> found = netlink.GetAddresses(AddressFamily.Unspecified, bridge.Index);
        foreach (AddressRange range in subnets.Ranges)
        {
            if (found.Any(address => address.Address.Equals(range.Gateway) && address.PrefixLength == range.Subnet.PrefixLength)) continue;
            netlink.ReplaceAddress(Gateway(bridge.Index, range));
        }

        return bridge.Index;
    }

    private Link MakeBridge(HostSubnets subnets)
    {
        var batch = new RouteBatch();
        batch.CreateLink(
            new BridgeLinkSpec(options.BridgeName) { Mtu = subnets.Mtu, Address = DeviceMark.MacOf(subnets.Ranges[0].Gateway), IsUp = true });
        batch.ChangeLink(options.BridgeName, new LinkChange
        {
            Alias = DeviceMark.OfBridge(options.NetworkName),
            IsPromiscuous = options.Promiscuous ? true : null,
        });
        foreach (NetlinkException refusal in netlink.Execute(batch).Values.Where(static refusal => !refusal.IsAlreadyExists)) throw refusal;
        return netlink.FindLink(options.BridgeName)!;
    }

    private void AdoptBridge(Link bridge, HostSubnets subnets)
    {
        List<InterfaceAddress> strangers = [.. StrangersOn(bridge, subnets).Where(address => !IsOurs(bridge) && !IsInUse(address))];
        if (strangers.Count > 0 && !options.ForceAddress)
        {
            throw new ContainerNetworkException(
                ContainerNetworkError.BridgeForeign,
                $"The bridge {bridge.Name} has the address {strangers[0].Address}/{strangers[0].PrefixLength}, and the host's subnet is " +
                $"{string.Join(" and ", subnets.Subnets)}. Remove the address, choose another BridgeName, or set ForceAddress.");
        }

        foreach (InterfaceAddress stranger in strangers) netlink.DeleteAddress(stranger);
        netlink.ChangeLink(bridge.Index, new LinkChange { IsUp = true, Mtu = subnets.Mtu, IsPromiscuous = options.Promiscuous ? true : null });
    }

    private IEnumerable<InterfaceAddress> StrangersOn(Link bridge, HostSubnets subnets) =>
        netlink.GetAddresses(AddressFamily.Unspecified, bridge.Index)
        .Where(address => address.Scope == RouteScope.Universe
            && subnets.Ranges.Any(range => range.Subnet.BaseAddress.AddressFamily == address.Address.AddressFamily)
            && !subnets.Ranges.Any(range => range.Gateway.Equals(address.Address) && range.Subnet.PrefixLength == address.PrefixLength));

    private bool IsOurs(Link bridge) => bridge.Alias == DeviceMark.OfBridge(options.NetworkName);

    /// <summary>Whether containers that are attached have it as their gateway, as after a change of the lease.</summary>
    private bool IsInUse(InterfaceAddress address)
    {
        byte[] bytes = address.Address.GetAddressBytes();
        for (int bit = address.PrefixLength; bit < bytes.Length * 8; bit++) bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        var network = new IPNetwork(new IPAddress(bytes), address.PrefixLength);
        return new AddressRange(network).Gateway.Equals(address.Address) && reservations().Keys.Any(network.Contains);
    }

    private static InterfaceAddress Gateway(int link, AddressRange range) => new()
    {
        LinkIndex = link,
        Address = range.Gateway,
        PrefixLength = range.Subnet.PrefixLength,
        Broadcast = range.Broadcast,
        Flags = range.Broadcast is null ? AddressFlags.NoDad : AddressFlags.None,
    };

    private void EnableForwarding(HostSubnets subnets)
    {
        AddressFamily[] families = [.. subnets.Subnets.Select(static subnet => subnet.BaseAddress.AddressFamily)];
        foreach (SysctlResult result in NetworkNamespace.Run(options.NetworkNamespace, () => families.Select(PacketForwarding.Enable).ToArray()))
        {
            if (!result.IsOk)
            {
                throw new ContainerNetworkException(
                    ContainerNetworkError.Kernel,
                    $"The host forwards no packets, and that cannot be changed: {result}. Write it where /proc/sys is writable, and set " +
                    "EnableForwarding to false.");
            }
        }
    }
}

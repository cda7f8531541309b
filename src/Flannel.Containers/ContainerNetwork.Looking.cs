using System.Globalization;
using System.Net;
using Flannel.Containers.Addresses;
using Flannel.Containers.Devices;
using Flannel.Containers.Subnets;
using Flannel.Extensibility;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;
using Flannel.Netlink.Route.Routes;

namespace Flannel;

// What is there, by the kernel and the address directory.
public sealed partial class ContainerNetwork
{
    private List<ContainerListing> List()
    {
        HostSubnets? subnets = _current();
        Dictionary<Owner, List<IPAddress>> reserved = _book.List()
            .GroupBy(static entry => entry.Value, static entry => entry.Key)
            .ToDictionary(static group => group.Key, static group => group.OrderBy(static address => address.AddressFamily).ToList());
        List<ContainerListing> listings = [];
        foreach (Link link in _kernel.Value.Netlink.GetLinks())
        {
            if (DeviceMark.Read(_options.NetworkName, link) is not { } mark) continue;
            reserved.Remove(mark.Owner, out List<IPAddress>? addresses);
            listings.Add(new ContainerListing(mark.Owner.ContainerId, mark.Owner.InterfaceName, StateOf(mark, addresses, subnets))
            {
                Addresses = addresses ?? [],
                HostInterface = link.Name,
                Mtu = link.Mtu,
            });
        }

        listings.AddRange(
            reserved.Select(
                static entry =>
                    new ContainerListing(entry.Key.ContainerId, entry.Key.InterfaceName, ContainerState.NoDevice) { Addresses = entry.Value }));
        return listings;
    }

    private static ContainerState StateOf(DeviceMark mark, List<IPAddress>? addresses, HostSubnets? subnets)
    {
        if (mark.Data is null) return ContainerState.HalfDone;
        if (addresses is null) return ContainerState.NoReservation;
        return subnets is not null && !addresses.TrueForAll(subnets.Contains) ? ContainerState.OutdatedSubnet : ContainerState.Attached;
    }

    private IEnumerable<string> FindProblems(Owner owner, ContainerAttachment attachment)
    {
        Kernel kernel = _kernel.Value;
        HostSubnets subnets = Current;
        IReadOnlyList<IPAddress> addresses = _book.Find(owner);
        if (addresses.Count == 0) yield return $"no address is reserved for {owner}";
        foreach (IPAddress address in addresses.Where(address => !subnets.Contains(address)))
            yield return $"{address} is of an earlier subnet; the host has {string.Join(" and ", subnets.Subnets)} now";
        foreach (IPAddress address in attachment.Addresses.Except(addresses)) yield return $"{address} was asked for and is not reserved";
        foreach (string problem in kernel.Host.FindProblems(subnets)) yield return problem;
        string name = DeviceMark.NameOf(_options.NetworkName, owner);
        if (kernel.Netlink.FindLink(name) is not { } link || DeviceMark.Read(_options.NetworkName, link) is not { } mark || mark.Owner != owner)
        {
            yield return $"the host's device {name} is gone, and with it the container's interface";
            yield break;
        }

        foreach (string problem in FindDeviceProblems(kernel, owner, attachment, subnets, addresses, link, mark)) yield return problem;
        foreach (IPAddress address in addresses)
        {
            foreach (PortMapping mapping in kernel.PortsOf(address).FindMissing(address, attachment.PortMappings))
                yield return $"the port {mapping} of {address} is not mapped";
        }
    }

    private IEnumerable<string> FindDeviceProblems(
        Kernel kernel, Owner owner, ContainerAttachment attachment, HostSubnets subnets, IReadOnlyList<IPAddress> addresses, Link link,
        DeviceMark mark)
    {
        if (mark.Data is null) yield return "its attach was cut short";
        if (!link.IsUp) yield return $"the host's device {link.Name} is down";
        if (link.Mtu != subnets.Mtu) yield return $"the host's device {link.Name} has an MTU of {link.Mtu}, not {subnets.Mtu}";
        if (_options.Mode == ContainerMode.Bridge && link.MasterIndex != (kernel.Netlink.FindLink(_options.BridgeName)?.Index ?? -1))
            yield return $"the host's device {link.Name} is in no bridge, or in another one than {_options.BridgeName}";
        else if (_options.Mode == ContainerMode.Bridge && link.Hairpin != _options.Hairpin)
            yield return $"the host's device {link.Name} has hairpin {(link.Hairpin == true ? "on" : "off")}";
        Link? inner = link is { ParentIndex: > 0, ParentNamespaceId: { } id } ? kernel.Netlink.FindLink(link.ParentIndex, id) : null;
        if (inner is null)
        {
            yield return "the container's interface is gone";
            yield break;
        }

        if (inner.Name != owner.InterfaceName) yield return $"the container's interface is called {inner.Name}";
        if (!inner.IsUp) yield return $"the container's interface {inner.Name} is down";
        if (inner.Mtu != subnets.Mtu) yield return $"the container's interface {inner.Name} has an MTU of {inner.Mtu}, not {subnets.Mtu}";
        if (attachment.Mac is { } mac && !mac.Equals(inner.Address))
            yield return $"the container's interface has the address {Text(inner.Address)}, not {Text(mac)}";
        IReadOnlyList<InterfaceAddress> found = kernel.Netlink.GetAddresses(inner.Index, link.ParentNamespaceId!.Value);
        foreach (IPAddress address in addresses.Where(address => !found.Any(one => one.Address.Equals(address) && !one.IsTentative)))
            yield return $"the container's interface lost its address {address}";
        if (attachment.Namespace is null && attachment.NamespacePath is null && attachment.ProcessId is null) yield break;
        foreach (string problem in FindInnerProblems(owner, attachment, subnets, addresses, link, inner)) yield return problem;
    }

    private List<string> FindInnerProblems(
        Owner owner, ContainerAttachment attachment, HostSubnets subnets, IReadOnlyList<IPAddress> addresses, Link link, Link inner)
    {
        List<string> problems = [];
        using NetworkNamespace? opened = Open(attachment);
        using RouteNetlink inside = (attachment.Namespace ?? opened!).Run(static () => RouteNetlink.Open());
        if (inside.FindLink(owner.InterfaceName) is not { } here || here.Index != inner.Index || !Equals(here.Address, inner.Address))
            return ["the namespace is another one than the one that was attached"];
        if (addresses.Count == 0 || !addresses.All(subnets.Contains)) return problems;
        IReadOnlyList<RouteEntry> routes = inside.GetRoutes();
        Wiring wiring = WiringOf(owner, attachment, subnets, link.Name, link.MasterIndex, addresses);
        IEnumerable<RouteEntry> missing = ContainerDevices.Routes(wiring, inner.Index).Where(wanted => !routes.Any(route =>
            route.Destination == wanted.Destination && Equals(route.Gateway, wanted.Gateway) && route.LinkIndex == inner.Index));
        foreach (RouteEntry wanted in missing)
            problems.Add(string.Create(CultureInfo.InvariantCulture, $"the container lost its route to {wanted.Destination}"));
        return problems;
    }
}

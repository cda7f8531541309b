using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using Flannel.Cni;
using Flannel.Containers.Addresses;
using Flannel.Containers.Attachments;
using Flannel.Containers.Devices;
using Flannel.Containers.Subnets;
using Flannel.Extensibility;
using Flannel.Netlink;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Links;

namespace Flannel;

// Addresses first, then devices, then ports, then the note that all is there; detaching goes the other way round.
public sealed partial class ContainerNetwork
{
    private AttachedContainer Attach(Owner owner, ContainerAttachment attachment)
    {
        HostSubnets subnets = Current;
        foreach (IPAddress address in attachment.Addresses.Where(address => !subnets.Contains(address)))
        {
            throw new ContainerNetworkException(
                ContainerNetworkError.AddressOutside,
                $"{owner} asks for {address}, which is none that containers in {string.Join(" and ", subnets.Subnets)} may have.");
        }

        using NetworkNamespace? opened = Open(attachment);
        NetworkNamespace container = attachment.Namespace ?? opened!;
        string data = DeviceMark.DataOf(IdentityOf(container), Describe(attachment));
        Kernel kernel = _kernel.Value;
        string hostName = DeviceMark.NameOf(_options.NetworkName, owner);
        if (kernel.Netlink.FindLink(hostName) is { } link)
        {
            DeviceMark mark = MarkOf(link, owner);
            if (mark.Data is not null) return FindAttached(kernel, owner, attachment, subnets, link, mark.Data == data);
            kernel.Containers.DeleteAsync(link.Index).GetAwaiter().GetResult(); // an attach was cut short; what it set is not known
        }

        if (subnets.LostTo is { } lost) throw new ContainerNetworkException(ContainerNetworkError.NoLease, $"{owner} gets no address: {lost}");
        Reservation reservation = _book.Reserve(owner, subnets.Ranges, attachment.Addresses);
        Task settling = Task.CompletedTask;
        try
        {
            Reached?.Invoke(Step.Reserved);
            settling = Task.Run(() => _book.Settle(reservation));
            return Connect(kernel, owner, attachment, subnets, hostName, container, reservation.Addresses, data, settling);
        }
        catch (Exception exception) when (exception is NetlinkException or FlannelException)
        {
            ((IAsyncResult)settling).AsyncWaitHandle.WaitOne(); // before its file is deleted
            Undo(kernel, owner, hostName, reservation);
            throw;
        }
    }

    private AttachedContainer Connect(
        Kernel kernel, Owner owner, ContainerAttachment attachment, HostSubnets subnets, string hostName, NetworkNamespace container,
        IReadOnlyList<IPAddress> addresses, string data, Task settling)
    {
        int bridge = kernel.Host.Prepare(subnets);
        Reached?.Invoke(Step.HostPrepared);
        Wiring wiring = WiringOf(owner, attachment, subnets, hostName, bridge, addresses);
        using RouteNetlink inside = container.Run(static () => RouteNetlink.Open());
        Link host = kernel.Containers.Make(wiring, container);
        Reached?.Invoke(Step.DevicesMade);
        int index = host.ParentIndex;
        kernel.Containers.SetUpInside(wiring, container, inside, index);
        Reached?.Invoke(Step.InsideSetUp);
        kernel.Containers.SetUpOutside(wiring, host);
        ContainerDevices.Announce(wiring, inside, index);
        Reached?.Invoke(Step.OutsideSetUp);
        MapPorts(kernel, attachment, subnets, wiring, host.Index);
        Reached?.Invoke(Step.PortsMapped);
        settling.GetAwaiter().GetResult();
        kernel.Containers.Finish(wiring, host, data);
        if (!kernel.Containers.TryAwaitCarrier(wiring, host)) Log.NoCarrier(_logger, owner.ToString(), hostName);
        Reached?.Invoke(Step.Finished);
        Log.Attached(_logger, owner.ToString(), string.Join(", ", addresses), hostName);
        return Describe(wiring, host, attachment);
    }

    private void MapPorts(Kernel kernel, ContainerAttachment attachment, HostSubnets subnets, Wiring wiring, int hostIndex)
    {
        if (attachment.PortMappings.Count == 0) return;
        foreach ((IPAddress address, AddressRange range) in wiring.Addresses.Zip(subnets.Ranges))
            kernel.PortsOf(address).Set(address, range.Subnet, attachment.PortMappings);
        if (_options.MapLocalhost && wiring.Addresses.Any(IsIPv4))
            kernel.Host.AllowLocalnet(wiring.BridgeIndex == 0 ? hostIndex : wiring.BridgeIndex);
    }

    private AttachedContainer FindAttached(Kernel kernel, Owner owner, ContainerAttachment attachment, HostSubnets subnets, Link link, bool isSame)
    {
        IReadOnlyList<IPAddress> addresses = _book.Find(owner);
        bool isCurrent = addresses.Count == subnets.Ranges.Length && addresses.All(subnets.Contains);
        if (!isSame || !isCurrent)
        {
            throw new ContainerNetworkException(
                ContainerNetworkError.AttachedOtherwise,
                $"{owner} is attached already as {string.Join(", ", addresses)}, with " +
                $"{(isSame ? "addresses of an earlier subnet" : "another namespace, address, MAC or other ports")}. Detach it first.");
        }

        Wiring wiring = WiringOf(owner, attachment, subnets, link.Name, link.MasterIndex, addresses);
        MapPorts(kernel, attachment, subnets, wiring, link.Index);
        return Describe(wiring, link, attachment);
    }

    private void Undo(Kernel kernel, Owner owner, string hostName, Reservation reservation)
    {
        foreach (IPAddress address in reservation.Addresses) kernel.PortsOf(address).Remove(address.Equals);
        if (kernel.Netlink.FindLink(hostName) is { } link && DeviceMark.Read(_options.NetworkName, link)?.Owner == owner)
            kernel.Containers.DeleteAsync(link.Index).GetAwaiter().GetResult();
        _book.Release(owner, reservation.New); // what was there before may be another program's
    }

    // Waits for the kernel without a thread: many containers that go at once are deleted together.
    private async Task DetachAsync(Owner owner)
    {
        Kernel kernel = _kernel.Value;
        IReadOnlyList<IPAddress> addresses = _book.Find(owner);
        foreach (IPAddress address in addresses) kernel.PortsOf(address).Remove(address.Equals);
        Reached?.Invoke(Step.PortsUnmapped);
        if (kernel.Netlink.FindLink(DeviceMark.NameOf(_options.NetworkName, owner)) is { } link
            && DeviceMark.Read(_options.NetworkName, link)?.Owner == owner)
        {
            await kernel.Containers.DeleteAsync(link.Index).ConfigureAwait(false);
        }

        Reached?.Invoke(Step.DeviceDeleted);
        if (addresses.Count > 0) _book.Release(owner);
        Reached?.Invoke(Step.AddressesReleased);
        Log.Detached(_logger, owner.ToString());
    }

    private void Sweep()
    {
        IReadOnlyDictionary<IPAddress, Owner> reserved = _book.List();
        foreach (Containers.Ports.PortTable ports in _kernel.Value.Ports) ports.Remove(address => !reserved.ContainsKey(address));
        if (_current() is { } subnets) _kernel.Value.Host.RemoveOldGateways(subnets);
    }

    private static NetworkNamespace? Open(ContainerAttachment attachment)
    {
        if (attachment.Namespace is not null) return null;
        return NetworkNamespace.Open(attachment.NamespacePath ?? string.Create(CultureInfo.InvariantCulture, $"/proc/{attachment.ProcessId}/ns/net"));
    }

    private static string IdentityOf(NetworkNamespace networkNamespace) =>
        new FileInfo($"/proc/self/fd/{networkNamespace.Handle.DangerousGetHandle()}").LinkTarget ?? "";

    private DeviceMark MarkOf(Link link, Owner owner) => DeviceMark.Read(_options.NetworkName, link) is { } mark && mark.Owner == owner
        ? mark
        : throw new ContainerNetworkException(
            ContainerNetworkError.NameTaken, $"The host has a device {link.Name} already, which is not of {owner}. Remove it if nobody needs it.");

    private Wiring WiringOf(
        Owner owner, ContainerAttachment attachment, HostSubnets subnets, string hostName, int bridge, IReadOnlyList<IPAddress> addresses)
    {
        List<IPNetwork> destinations = [.. _options.Routes];
        if (_options.IsDefaultGateway)
        {
            destinations.AddRange(
                subnets.Subnets.Select(
                    static subnet => IsIPv4(subnet.BaseAddress) ? new IPNetwork(IPAddress.Any, 0) : new IPNetwork(IPAddress.IPv6Any, 0)));
        }

        // Without a bridge, neighbours are behind the host as well.
        else if (bridge == 0)
        {
            destinations.AddRange(subnets.Subnets);
        }

        return new Wiring(
            owner, hostName, bridge, addresses, subnets.Ranges, destinations, attachment.Mac ?? DeviceMark.MacOf(addresses[0]), subnets.Mtu);
    }

    private AttachedContainer Describe(Wiring wiring, Link host, ContainerAttachment attachment)
    {
        string sandbox = attachment.NamespacePath ?? attachment.Namespace?.Path
            ?? (attachment.ProcessId is { } id ? string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/ns/net") : "");
        List<CniInterface> interfaces =
        [
            new(host.Name) { Mac = Text(host.Address) },
            new(wiring.Owner.InterfaceName) { Mac = Text(wiring.Mac), Mtu = wiring.Mtu, Sandbox = sandbox },
        ];
        if (wiring.BridgeIndex != 0) interfaces.Insert(0, new CniInterface(_options.BridgeName));
        return new AttachedContainer
        {
            ContainerId = wiring.Owner.ContainerId,
            InterfaceName = wiring.Owner.InterfaceName,
            Addresses = wiring.Addresses,
            Gateways = [.. wiring.Ranges.Select(static range => range.Gateway)],
            Mac = wiring.Mac,
            Mtu = wiring.Mtu,
            HostInterface = host.Name,
            Result = new CniResult
            {
                Interfaces = interfaces,
                Addresses =
                [
                    .. wiring.Addresses.Zip(
                        wiring.Ranges,
                        (address, range) => new CniAddress(
                            address, wiring.BridgeIndex == 0 ? (IsIPv4(address) ? 32 : 128) : range.Subnet.PrefixLength)
                    {
                        Gateway = range.Gateway,
                        Interface = interfaces.Count - 1,
                    }),
                ],
                Routes =
                [
                    .. wiring.Destinations.Select(destination => new CniRoute(destination)
                    {
                        Gateway = wiring.Ranges.Select(static range => range.Gateway)
                            .FirstOrDefault(gateway => IsIPv4(gateway) == IsIPv4(destination.BaseAddress)),
                    }),
                ],
            },
        };
    }

    private static string? Text(PhysicalAddress? address) =>
        address is null ? null : string.Join(':', address.GetAddressBytes().Select(static part => part.ToString("x2", CultureInfo.InvariantCulture)));
}

using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Flannel.Containers.Addresses;
using Flannel.Extensibility;
using Flannel.Netlink;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;
using Flannel.Netlink.Route.Neighbours;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Containers.Devices;

/// <summary>The pair of devices between host and container, with addresses and routes at both ends.</summary>
[SupportedOSPlatform("linux")]
internal sealed class ContainerDevices(ContainerNetworkOptions options, RouteNetlink netlink)
{
    private const int Loopback = 1;

    private static readonly TimeSpan CarrierLimit = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private Task _deleting = Task.CompletedTask; // guarded by _lock
    private readonly Random _random = HostServices.NewRandom();
    private Deletion? _next;

    /// <summary>Makes the pair, the container's end under its name inside the container.</summary>
    /// <returns>The host's end, which names the other one by its index.</returns>
    public Link Make(Wiring wiring, NetworkNamespace container)
    {
        var batch = new RouteBatch();
        int creation = batch.CreateLink(new VethLinkSpec(wiring.HostName, wiring.Owner.InterfaceName)
        {
            Address = DeviceMark.HostMacOf(wiring.HostName),
            Mtu = wiring.Mtu,
            PeerMtu = wiring.Mtu,
            PeerAddress = wiring.Mac,
            PeerNamespace = container.Handle,
            MasterIndex = wiring.BridgeIndex == 0 ? null : wiring.BridgeIndex,
        });
        batch.ChangeLink(wiring.HostName, new LinkChange
        {
            Alias = new DeviceMark(wiring.Owner, null).Write(options.NetworkName),
            IPv6AddressGeneration = wiring.BridgeIndex == 0 ? null : IPv6AddressGeneration.None,
            Hairpin = wiring.BridgeIndex == 0 ? null : options.Hairpin,
            IsUp = true,
        });
        IReadOnlyDictionary<int, NetlinkException> refused = netlink.Execute(batch);
        if (refused.TryGetValue(creation, out NetlinkException? taken) && taken.IsAlreadyExists)
        {
            bool isHost = netlink.FindLink(wiring.HostName) is not null;
            throw new ContainerNetworkException(
                ContainerNetworkError.NameTaken,
                isHost
                    ? $"The host has a device {wiring.HostName} already, which is not of {wiring.Owner}. Remove it if nobody needs it."
                    : $"The container has an interface {wiring.Owner.InterfaceName} already. Choose another name, or remove it.",
                taken);
        }

        Throw(refused);
        return netlink.FindLink(wiring.HostName)
            ?? throw new ContainerNetworkException(
                ContainerNetworkError.NamespaceGone, $"The network namespace of {wiring.Owner} ended while it was attached.");
    }

    /// <summary>Gives the container's end addresses and routes, and sets it up.</summary>
    public void SetUpInside(Wiring wiring, NetworkNamespace container, RouteNetlink inside, int index)
    {
        RouteBatch batch = Inside(wiring, index);
        IReadOnlyDictionary<int, NetlinkException> refused = inside.Execute(batch);
        if (wiring.Addresses.Any(IsIPv6) && refused.Values.Any(static refusal => refusal.ErrorName == "EACCES"))
        {
            // IPv6 is switched off in the container, which nothing but this file can change.
            container.Run(() => NetworkSysctl.Write($"ipv6/conf/{wiring.Owner.InterfaceName}/disable_ipv6", "0"));
            refused = inside.Execute(batch);
        }

        Throw(refused);
    }

    /// <summary>Gives the host's end what belongs to it, and lets packets pass.</summary>
    public void SetUpOutside(Wiring wiring, Link host)
    {
        var batch = new RouteBatch();
        int device = wiring.BridgeIndex == 0 ? host.Index : wiring.BridgeIndex;
        int? forwarding = null;
        if (wiring.BridgeIndex != 0)
        {
            forwarding = batch.ChangeLink(host.Index, new LinkChange { ForwardsAtOnce = true });
        }
        else
        {
            foreach (AddressRange range in wiring.Ranges)
            {
                batch.ReplaceAddress(
                    new InterfaceAddress
                    {
                        LinkIndex = host.Index,
                        Address = range.Gateway,
                        PrefixLength = Bits(range.Gateway),
                        Flags = NoDad(range.Gateway) | AddressFlags.NoPrefixRoute,
                    });
            }

            foreach (IPAddress address in wiring.Addresses)
            {
                batch.ReplaceRoute(
                    new RouteEntry
                    {
                        Destination = new IPNetwork(address, Bits(address)),
                        LinkIndex = host.Index,
                        Scope = IsIPv6(address) ? RouteScope.Universe : RouteScope.Link,
                    });
            }
        }

        // What the host remembers of the container that had the address before.
        foreach (IPAddress address in wiring.Addresses)
            batch.ReplaceNeighbour(new Neighbour { LinkIndex = device, Destination = address, Address = wiring.Mac, State = NeighbourState.Stale });
        IReadOnlyDictionary<int, NetlinkException> refused = netlink.Execute(batch);
        Throw(refused.Where(refusal => refusal.Key != forwarding)); // a bridge with spanning tree decides by itself
    }

    /// <summary>Has the container tell its neighbours of its address, once its port forwards.</summary>
    public static void Announce(Wiring wiring, RouteNetlink inside, int index)
    {
        if (wiring.BridgeIndex != 0) inside.ChangeLink(index, new LinkChange { Address = wiring.Mac });
    }

    /// <summary>Says on the device that all is there.</summary>
    public void Finish(Wiring wiring, Link host, string data) =>
        netlink.ChangeLink(host.Index, new LinkChange { Alias = new DeviceMark(wiring.Owner, data).Write(options.NetworkName) });

    /// <summary>
    /// Waits until the host's end and the bridge carry packets. The kernel sees to that by itself, usually before it is asked here; until then it
    /// drops what is sent.
    /// </summary>
    /// <returns>Whether they do.</returns>
    public bool TryAwaitCarrier(Wiring wiring, Link host) =>
        SpinWait.SpinUntil(() => Carries(host.Index) && (wiring.BridgeIndex == 0 || Carries(wiring.BridgeIndex)), CarrierLimit);

    private bool Carries(int index) =>
        netlink.FindLink(index) is not { OperationalStatus: OperationalStatus.Down or OperationalStatus.LowerLayerDown };

    /// <summary>
    /// Deletes a device and with it its other end. Those that come at once are deleted together, because the kernel waits ten milliseconds or more
    /// for each time.
    /// </summary>
    public async Task DeleteAsync(int index)
    {
        Deletion mine;
        lock (_lock)
        {
            if (_next is null)
            {
                _next = new Deletion();
                _deleting = RunAsync(_next, _deleting);
            }

            mine = _next;
            mine.Indexes.Add(index);
        }

        if (await mine.Done.Task.ConfigureAwait(false) is { } failure) throw failure;
    }

    /// <summary>One deletion after the other, while more devices gather for the next.</summary>
    private async Task RunAsync(Deletion deletion, Task earlier)
    {
        await earlier.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        lock (_lock) _next = null;
        deletion.Done.SetResult(Run(deletion.Indexes));
    }

    /// <summary>Both ends of every container get another MTU.</summary>
    /// <returns>The containers whose namespace was not found, so that their end keeps its MTU.</returns>
    public List<Owner> ChangeMtu(IReadOnlyCollection<(Link HostEnd, DeviceMark Mark)> containers, int mtu)
    {
        var batch = new RouteBatch();
        foreach ((Link link, _) in containers) batch.ChangeLink(link.Index, new LinkChange { Mtu = mtu });
        Throw(netlink.Execute(batch).Where(static refusal => !refusal.Value.IsNotFound));

        // A number that the kernel has for a namespace is enough to look into it, but not to change anything there.
        Dictionary<string, string> paths = NamespaceSearch.Run([.. containers.Select(static one => one.Mark.Namespace).OfType<string>()]);
        List<Owner> left = [];
        foreach ((Link link, DeviceMark mark) in containers)
        {
            if (mark.Namespace is not { } name || !paths.TryGetValue(name, out string? path)
                || !TryChangeMtu(path, link.ParentIndex, mark.Owner, mtu))
            {
                left.Add(mark.Owner);
            }
        }

        return left;
    }

    private static bool TryChangeMtu(string path, int index, Owner owner, int mtu)
    {
        try
        {
            using RouteNetlink inside = NetworkNamespace.OpenRouteNetlink(path);
            if (inside.FindLink(index)?.Name != owner.InterfaceName) return false;
            inside.ChangeLink(index, new LinkChange { Mtu = mtu });
            return true;
        }
        catch (Exception exception) when (exception is NetlinkException { IsNotFound: true } or NetworkNamespaceException)
        {
            return false; // it ended meanwhile
        }
    }

    private static bool IsIPv6(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6;

    private static int Bits(IPAddress address) => IsIPv6(address) ? 128 : 32;

    private static AddressFlags NoDad(IPAddress address) => IsIPv6(address) ? AddressFlags.NoDad : AddressFlags.None;

    private static void Throw(IEnumerable<KeyValuePair<int, NetlinkException>> refused)
    {
        foreach ((_, NetlinkException refusal) in refused) throw refusal;
    }

    private RouteBatch Inside(Wiring wiring, int index)
    {
        var batch = new RouteBatch();
        batch.ChangeLink(Loopback, new LinkChange { IsUp = true });
        batch.ChangeLink(index, new LinkChange { ArpNotify = true });
        foreach ((IPAddress address, AddressRange range) in wiring.Addresses.Zip(wiring.Ranges))
        {
            batch.ReplaceAddress(new InterfaceAddress
            {
                LinkIndex = index,
                Address = address,
                PrefixLength = wiring.BridgeIndex == 0 ? Bits(address) : range.Subnet.PrefixLength,
                Broadcast = wiring.BridgeIndex == 0 ? null : range.Broadcast,
                Flags = NoDad(address),
            });
        }

        batch.ChangeLink(index, new LinkChange { IsUp = true });
        foreach (RouteEntry route in Routes(wiring, index)) batch.ReplaceRoute(route);
        return batch;
    }

    /// <summary>The container's routes beside those that its addresses bring.</summary>
    public static IEnumerable<RouteEntry> Routes(Wiring wiring, int index)
    {
        foreach (AddressRange range in wiring.Ranges)
        {
            bool isIPv6 = IsIPv6(range.Gateway);
            if (wiring.BridgeIndex == 0)
            {
                yield return new RouteEntry
                {
                    Destination = new IPNetwork(range.Gateway, Bits(range.Gateway)),
                    LinkIndex = index,
                    Scope = isIPv6 ? RouteScope.Universe : RouteScope.Link,
                };
            }

            foreach (IPNetwork network in wiring.Destinations.Where(network => IsIPv6(network.BaseAddress) == isIPv6))
                yield return new RouteEntry { Destination = network, Gateway = range.Gateway, LinkIndex = index };
        }
    }

    private Exception? Run(List<int> indexes)
    {
        try
        {
            if (indexes.Count == 1)
            {
                netlink.DeleteLink(indexes[0]);
                return null;
            }

            // A group that nobody else has: the number is drawn, and the devices join it in the same call that deletes it.
            uint group = (uint)_random.Next(1 << 20, int.MaxValue);
            var batch = new RouteBatch();
            foreach (int index in indexes) batch.ChangeLink(index, new LinkChange { Group = group });
            batch.DeleteLinkGroup(group);
            return netlink.Execute(batch).Values.FirstOrDefault(static refusal => !refusal.IsNotFound);
        }
        catch (Exception exception) when (exception is NetlinkException or ObjectDisposedException)
        {
            return exception;
        }
    }

    private sealed class Deletion
    {
        public List<int> Indexes { get; } = [];

        public TaskCompletionSource<Exception?> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

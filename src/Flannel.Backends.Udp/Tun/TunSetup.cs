using System.Net;
using System.Runtime.Versioning;
using Flannel.Extensibility;
using Flannel.Netlink;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Backends.Udp.Tun;

/// <summary>
/// Gives the TUN device its MTU, queue, addresses and routes, and gives back what others took. Doing it again changes nothing.
/// </summary>
/// <param name="spec">What the network should be.</param>
/// <param name="contexts">The address families on their host.</param>
[SupportedOSPlatform("linux")]
internal sealed class TunSetup(UdpSpec spec, IReadOnlyList<KernelContext> contexts)
{
    /// <summary>The smallest that every host must take (RFC 791).</summary>
    private const int MinimumMtu = 68;

    /// <summary>The smallest MTU that carries IPv6 (RFC 8200).</summary>
    private const int MinimumMtuIPv6 = 1280;

    /// <summary>What the kernel keeps while we are busy; its own default of 500 overflows when single packets come in a burst.</summary>
    private const int QueueLength = 1000;

    private readonly HostKernel _host = contexts[0].Host;
    private readonly RouteNetlink _netlink = contexts[0].Netlink;

    /// <summary>The MTU that the device should have now.</summary>
    /// <exception cref="TunDeviceException">It would be too small, or the external interface is gone.</exception>
    public int ComputeMtu()
    {
        ExternalLinkState external = contexts[0].External.State;
        if (!external.Exists) throw new TunDeviceException(external.Problem!, isTransient: true);
        int mtu = external.Mtu - spec.Overhead;
        (int minimum, string what) = spec.Families.Any(static family => family.IsIPv6) ? (MinimumMtuIPv6, "IPv6") : (MinimumMtu, "IPv4");
        return mtu >= minimum
            ? mtu
            : throw new TunDeviceException(
                $"The overlay would have an MTU of {mtu}, but {what} needs {minimum}. Raise the MTU of {external.Name} (it is {external.Mtu}) to " +
                "at least " +
                $"{minimum + spec.Overhead}{(minimum == MinimumMtuIPv6 ? ", or turn IPv6 off (EnableIPv6) in the network configuration" : "")}.");
    }

    /// <summary>Puts the device in order.</summary>
    /// <param name="name">The device's name when it was opened; <paramref name="known"/> finds it under any other.</param>
    /// <param name="known">The device as it was last, or <see langword="null"/> the first time.</param>
    /// <param name="addresses">The first addresses of the node's own subnets.</param>
    /// <exception cref="TunDeviceException">The device cannot be as it must.</exception>
    /// <exception cref="NetlinkException">The kernel refuses.</exception>
    public TunState Apply(string name, TunState? known, IReadOnlyList<IPAddress> addresses)
    {
        int mtu = ComputeMtu();
        Link link = (known is null ? _netlink.FindLink(name) : _netlink.FindLink(known.Index))
            ?? throw new TunDeviceException($"{name} is gone.", isTransient: true);
        foreach (KernelContext context in contexts) context.Routes.TunnelIndex = link.Index; // before its own route is told of
        if (known is null) Prepare(link);
        bool isQueueShort = link.TxQueueLength < QueueLength;
        if (link.Mtu != mtu || isQueueShort || !link.IsUp)
        {
            _netlink.ChangeLink(link.Index, new LinkChange
            {
                Mtu = link.Mtu == mtu ? null : mtu,
                TxQueueLength = isQueueShort ? QueueLength : null,
                IsUp = link.IsUp ? null : true,
            });
        }

        SetAddresses(link.Index, addresses);
        Exception? refusal = null;
        foreach (KernelContext context in contexts) refusal = SetRoute(link, context) ?? refusal;
        return new TunState(link.Index, mtu, refusal);
    }

    /// <summary>What only the first time is for. None of it is worth failing for.</summary>
    private void Prepare(Link link)
    {
        // Our answers come from the device's own address, which the kernel otherwise takes for forged.
        _host.WriteSysctl($"ipv4/conf/{link.Name}/accept_local", "1");

        // Router advertisements would come from peers' containers, not from a router.
        _host.WriteSysctl($"ipv6/conf/{link.Name}/accept_ra", "0");
        try
        {
            // A link-local address would make the kernel look for routers, and ask again and again.
            _netlink.ChangeLink(link.Index, new LinkChange { IPv6AddressGeneration = IPv6AddressGeneration.None });
        }
        catch (NetlinkException)
        {
            // A kernel without IPv6.
        }
    }

    private void SetAddresses(int index, IReadOnlyList<IPAddress> wanted)
    {
        IReadOnlyList<InterfaceAddress> found = _netlink.GetAddresses(linkIndex: index);
        foreach (InterfaceAddress address in found)
        {
            bool isOurs = spec.Families.Any(family => family.Network.Contains(address.Address));
            if (isOurs && !wanted.Contains(address.Address)) _netlink.DeleteAddress(address);
        }

        foreach (IPAddress address in wanted)
        {
            int length = address.GetAddressBytes().Length * 8;
            if (found.Any(other => other.Address.Equals(address) && other.PrefixLength == length)) continue;
            _netlink.ReplaceAddress(new InterfaceAddress
            {
                LinkIndex = index,
                Address = address,
                PrefixLength = length,
                // The address is the node's own by its lease; the kernel would keep it unusable for a second to ask peers that cannot answer.
                Flags = length == 128 ? AddressFlags.NoDad : AddressFlags.None,
            });
        }
    }

    /// <summary>A route that another backend left is replaced, a foreign one is not.</summary>
    /// <returns>What is in the way, or <see langword="null"/>.</returns>
    private static Exception? SetRoute(Link link, KernelContext context)
    {
        NetworkFamily family = context.Family;
        var filter = new RouteFilter { Table = RouteEntry.MainTable, LinkIndex = link.Index };
        if (context.Netlink.GetRoutes(family.Family, filter).Any(found => found.Destination.Equals(family.Network))) return null;
        var failures = new Dictionary<IPNetwork, Exception>();
        var route = new RouteEntry { Destination = family.Network, LinkIndex = link.Index };
        context.Routes.Write([KeyValuePair.Create(family.Network, route)], failures);
        if (failures.Values.FirstOrDefault() is not { } failure) return null;
        return failure as NetlinkException ?? (Exception)new TunDeviceException(
            $"The route to {family.Network} cannot be made, because the host has another one (see: ip route show {family.Network}). " +
            "Remove it, or stop whatever makes it; another flanneld perhaps.",
            failure,
            isTransient: true);
    }
}

using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Runtime.Versioning;
using Flannel.Linux.Diagnostics;
using Flannel.Linux.Interfaces;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Links;
using Flannel.Netlink.Route.Monitoring;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Extensibility;

/// <summary>
/// Follows the external interface, which others take down, rename, recreate or give another MTU. It is found by name, because an interface that was
/// recreated keeps only that, or else by index, because it may have been renamed.
/// </summary>
/// <remarks>Thread-safe.</remarks>
[SupportedOSPlatform("linux")]
[Experimental(ExperimentalApi.KernelBackends)]
public sealed class ExternalLink
{
    private readonly NetworkFamily _family;
    private readonly RouteNetlink _netlink;
    private readonly Lock _gate = new();
    private volatile ExternalLinkState _state;

    /// <summary>Starts with what was chosen; the kernel is not asked before <see cref="Refresh"/>.</summary>
    /// <param name="family">Which interface, and which address it should have.</param>
    /// <param name="netlink">The kernel.</param>
    public ExternalLink(NetworkFamily family, RouteNetlink netlink)
    {
        ArgumentNullException.ThrowIfNull(family);
        (_family, _netlink) = (family, netlink);
        _state = new ExternalLinkState(family.ExternalIndex, family.ExternalName, Mtu: 0, Exists: true, Problem: null);
    }

    /// <summary>The interface as it was last seen.</summary>
    public ExternalLinkState State => _state;

    /// <summary>Whether a notification is about the interface itself or about the address that it should have.</summary>
    /// <param name="notification">What the kernel reported.</param>
    public bool Concerns(RouteNotification notification) => notification switch
    {
        LinkChanged { Link: var link } => IsIt(link),
        LinkRemoved { Link: var link } => IsIt(link),
        AddressChanged { Address: var address } => IsItsAddress(address.Address),
        AddressRemoved { Address: var address } => IsItsAddress(address.Address),
        Resynchronise => true,
        _ => false,
    };

    /// <summary>Whether a notification may be about the default route that the interface was chosen by.</summary>
    /// <param name="notification">What the kernel reported.</param>
    public bool ConcernsDefaultRoute(RouteNotification notification) =>
        _family.IsByDefaultRoute && notification is RouteChanged { Route.IsDefault: true } or RouteRemoved { Route.IsDefault: true };

    /// <summary>Looks how the interface is now.</summary>
    /// <returns>Whether <see cref="State"/> changed.</returns>
    public bool Refresh()
    {
        lock (_gate)
        {
            ExternalLinkState before = _state;
            Link? link = _netlink.FindLink(_family.ExternalName) ?? _netlink.FindLink(before.Index);
            _state = link is null ? Missing(before) : Describe(link);
            return _state != before;
        }
    }

    private bool IsIt(Link link) => link.Index == _state.Index || link.Name == _family.ExternalName;

    private bool IsItsAddress(IPAddress address) => address.Equals(_family.InterfaceAddress);

    private ExternalLinkState Missing(ExternalLinkState before) => before with
    {
        Exists = false,
        IsUsable = false,
        Problem = $"The external interface {_family.ExternalName} is gone. Packets flow again as soon as it is back.",
    };

    private ExternalLinkState Describe(Link link)
    {
        string? defect = FindDefect(link);
        string? problem = defect ?? (_family.IsByDefaultRoute && !HasDefaultRoute(link)
            ? $"The external interface {link.Name} was chosen by its default route, and that is gone. Restore it, or name the interface " +
              "(ExternalInterface.Name; flannel: --iface) if the peers are reached without it."
            : null);
        int mtu = link.IsLoopback ? HostSnapshot.Read(_netlink).MtuOf(link) : link.Mtu;
        return new ExternalLinkState(link.Index, link.Name, mtu, Exists: true, problem, IsUsable: defect is null);
    }

    private string? FindDefect(Link link)
    {
        if (!link.IsUp) return $"The external interface {link.Name} is down. Packets flow again as soon as it is up (ip link set {link.Name} up).";
        if ((link.Flags & LinkFlags.LowerUp) == 0)
            return $"The external interface {link.Name} has no carrier. Check its cable, or the device that it is built on.";
        bool hasAddress = _netlink.GetAddresses(_family.Family, link.Index).Any(address => IsItsAddress(address.Address));
        return hasAddress
            ? null
            : $"The external interface {link.Name} has lost the address {_family.InterfaceAddress}, which peers send to. " +
              "Packets flow again as soon as it is back.";
    }

    private bool HasDefaultRoute(Link link)
    {
        var filter = new RouteFilter { Table = RouteEntry.MainTable };
        return _netlink.GetRoutes(_family.Family, filter).Any(route =>
            route.IsDefault && (route.LinkIndex == link.Index || route.Hops?.Any(hop => hop.LinkIndex == link.Index) == true));
    }
}

using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Flannel.Netlink.Interop;
using Flannel.Netlink.Messages;
using Flannel.Netlink.Route.Routes;
using static Flannel.Netlink.Interop.LinuxNetlink;

namespace Flannel.Netlink.Route;

public sealed partial class RouteNetlink
{
    /// <summary>Lists routes.</summary>
    /// <param name="family">IPv4, IPv6, or both when unspecified.</param>
    /// <param name="filter">Which of them; all tables, the local one included, by default.</param>
    /// <returns>The routes; none when the filter names a table or device that does not exist.</returns>
    /// <exception cref="NetlinkException">The kernel refused or did not answer.</exception>
    public IReadOnlyList<RouteEntry> GetRoutes(AddressFamily family = AddressFamily.Unspecified, RouteFilter filter = default)
    {
        // One family at a time: a table that only one family has would fail the common dump.
        if (family == AddressFamily.Unspecified)
            return [.. GetRoutes(AddressFamily.InterNetwork, filter), .. GetRoutes(AddressFamily.InterNetworkV6, filter)];
        Span<byte> buffer = stackalloc byte[MaximumRequestSize];
        NetlinkMessageParser<RouteEntry> parser = _socket.IsStrict || filter == default
            ? RouteCodec.TryRead
            : (NetlinkMessage message, [MaybeNullWhen(false)] out RouteEntry route) =>
                RouteCodec.TryRead(message, out route) && filter.Matches(route);
        return DumpOrEmpty(buffer[..RouteCodec.WriteDumpRequest(buffer, Families.ToKernel(family), filter)], parser);
    }

    /// <summary>Adds a route.</summary>
    /// <param name="route">The route.</param>
    /// <exception cref="NetlinkException">
    /// The kernel refused; <see cref="NetlinkException.IsAlreadyExists"/> when there is one to this destination with this metric.
    /// </exception>
    public void AddRoute(RouteEntry route) => ExecuteRoute(route, NLM_F_CREATE | NLM_F_EXCL);

    /// <summary>
    /// Adds a route, or replaces the one to this destination with this metric. An unchanged route costs as much as a new one: with many
    /// gateways on one device compare first.
    /// </summary>
    /// <param name="route">The route.</param>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public void ReplaceRoute(RouteEntry route) => ExecuteRoute(route, NLM_F_CREATE | NLM_F_REPLACE);

    /// <summary>Deletes a route.</summary>
    /// <param name="route">
    /// Identified by destination and table, and by everything else that is set; scope and flags are not looked at.
    /// </param>
    /// <returns>False when there is no such route.</returns>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public bool DeleteRoute(RouteEntry route)
    {
        ArgumentNullException.ThrowIfNull(route);
        Span<byte> buffer = stackalloc byte[MaximumRequestSize];
        return Delete(buffer[..RouteCodec.WriteDelete(buffer, route)]);
    }

    /// <summary>Asks which route a packet would take.</summary>
    /// <param name="destination">Where the packet goes.</param>
    /// <param name="linkIndex">The device it must leave through; any when 0.</param>
    /// <param name="source">The address it comes from; the kernel's choice when null.</param>
    /// <returns>
    /// The way: destination as a host route, gateway if any, device, source address chosen, and the table it was found in; null when the
    /// destination is unreachable.
    /// </returns>
    /// <exception cref="NetlinkException">The kernel refused, for example because a route prohibits it (EACCES).</exception>
    public RouteEntry? ResolveRoute(IPAddress destination, int linkIndex = 0, IPAddress? source = null)
    {
        ArgumentNullException.ThrowIfNull(destination);
        Span<byte> buffer = stackalloc byte[MaximumRequestSize];
        try
        {
            return _socket.Query<RouteEntry>(buffer[..RouteCodec.WriteResolve(buffer, destination, linkIndex, source)], RouteCodec.TryRead);
        }
        catch (NetlinkException e) when (e.Errno is LinuxErrno.ENETUNREACH or LinuxErrno.EHOSTUNREACH)
        {
            return null;
        }
    }

    /// <summary>Lists nexthop objects.</summary>
    /// <param name="linkIndex">Only those that leave through this device; all when 0.</param>
    /// <returns>The nexthop objects, by id; none when the device does not exist.</returns>
    /// <exception cref="NetlinkException">The kernel refused; <see cref="NetlinkException.IsNotSupported"/> before kernel 5.3.</exception>
    public IReadOnlyList<Nexthop> GetNexthops(int linkIndex = 0)
    {
        Span<byte> buffer = stackalloc byte[MaximumRequestSize];
        return DumpOrEmpty<Nexthop>(buffer[..NexthopCodec.WriteDumpRequest(buffer, Libc.AF_UNSPEC, linkIndex)], NexthopCodec.TryRead);
    }

    /// <summary>Adds a nexthop object.</summary>
    /// <param name="nexthop">The object.</param>
    /// <exception cref="NetlinkException">The kernel refused; <see cref="NetlinkException.IsAlreadyExists"/> when the id is taken.</exception>
    public void AddNexthop(in Nexthop nexthop) => ExecuteNexthop(nexthop, NLM_F_CREATE | NLM_F_EXCL);

    /// <summary>Adds a nexthop object, or changes the one with this id; routes that refer to it follow at once.</summary>
    /// <param name="nexthop">The object.</param>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public void ReplaceNexthop(in Nexthop nexthop) => ExecuteNexthop(nexthop, NLM_F_CREATE | NLM_F_REPLACE);

    /// <summary>Deletes a nexthop object and with it every route that refers to it.</summary>
    /// <param name="id">Its id.</param>
    /// <returns>False when there is no such object.</returns>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public bool DeleteNexthop(uint id)
    {
        Span<byte> buffer = stackalloc byte[MaximumRequestSize];
        return Delete(buffer[..NexthopCodec.WriteDelete(buffer, id)]);
    }

    private void ExecuteRoute(RouteEntry route, ushort flags)
    {
        ArgumentNullException.ThrowIfNull(route);
        Span<byte> buffer = stackalloc byte[MaximumRequestSize];
        _socket.Execute(buffer[..RouteCodec.WriteNew(buffer, flags, route)]);
    }

    private void ExecuteNexthop(in Nexthop nexthop, ushort flags)
    {
        Span<byte> buffer = stackalloc byte[MaximumRequestSize];
        _socket.Execute(buffer[..NexthopCodec.WriteNew(buffer, flags, nexthop)]);
    }
}

using System.Net.Sockets;
using Flannel.Netlink.Messages;
using Flannel.Netlink.Route.Neighbours;
using static Flannel.Netlink.Interop.LinuxNetlink;
using static Flannel.Netlink.Interop.LinuxRtnetlink;

namespace Flannel.Netlink.Route;

public sealed partial class RouteNetlink
{
    /// <summary>Lists neighbours.</summary>
    /// <remarks>
    /// The neighbour table is one for all namespaces, and the kernel marks no dump of it as interrupted. While it changes anywhere on the host, an
    /// entry may be missing from the list; one that came twice is listed once.
    /// </remarks>
    /// <param name="family">IPv4, IPv6, or both when unspecified.</param>
    /// <param name="linkIndex">Only neighbours on this device; on all devices when 0.</param>
    /// <returns>The neighbours; none when the device does not exist.</returns>
    /// <exception cref="NetlinkException">The kernel refused or did not answer.</exception>
    public IReadOnlyList<Neighbour> GetNeighbours(AddressFamily family = AddressFamily.Unspecified, int linkIndex = 0)
    {
        Span<byte> buffer = stackalloc byte[MaximumRequestSize];
        NetlinkMessageParser<Neighbour> parser = _socket.IsStrict || linkIndex == 0
            ? NeighbourCodec.TryRead
            : (NetlinkMessage message, out Neighbour entry) => NeighbourCodec.TryRead(message, out entry) && entry.LinkIndex == linkIndex;
        List<Neighbour> neighbours = DumpOrEmpty(
            buffer[..NeighbourCodec.WriteDumpRequest(buffer, Families.ToKernel(family), linkIndex)], parser);
        return Once(neighbours, static neighbour => (neighbour.LinkIndex, neighbour.Destination));
    }

    /// <summary>Adds a neighbour, or replaces the one with this device and IP address.</summary>
    /// <param name="neighbour">The neighbour.</param>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public void ReplaceNeighbour(in Neighbour neighbour)
    {
        Span<byte> buffer = stackalloc byte[MaximumRequestSize];
        _socket.Execute(buffer[..NeighbourCodec.WriteNew(buffer, NLM_F_CREATE | NLM_F_REPLACE, neighbour)]);
    }

    /// <summary>Deletes a neighbour.</summary>
    /// <param name="neighbour">Identified by device and IP address.</param>
    /// <returns>False when there is no such neighbour.</returns>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public bool DeleteNeighbour(in Neighbour neighbour)
    {
        Span<byte> buffer = stackalloc byte[MaximumRequestSize];
        return Delete(buffer[..NeighbourCodec.WriteDelete(buffer, neighbour)]);
    }

    /// <summary>Lists the forwarding database of a VXLAN device, bridge or bridge port.</summary>
    /// <remarks>
    /// The kernel marks no dump of it as interrupted. While the table changes, an entry may be missing from the list; one that came twice is
    /// listed once.
    /// </remarks>
    /// <param name="linkIndex">Index of the device; of all devices when 0.</param>
    /// <returns>The entries; none when the device does not exist.</returns>
    /// <exception cref="NetlinkException">The kernel refused or did not answer.</exception>
    public IReadOnlyList<FdbEntry> GetFdb(int linkIndex = 0)
    {
        Span<byte> buffer = stackalloc byte[MaximumRequestSize];
        NetlinkMessageParser<FdbEntry> parser = _socket.IsStrict || linkIndex == 0
            ? FdbCodec.TryRead
            : (NetlinkMessage message, out FdbEntry entry) => FdbCodec.TryRead(message, out entry) && entry.LinkIndex == linkIndex;
        return Once(DumpOrEmpty(buffer[..FdbCodec.WriteDumpRequest(buffer, linkIndex)], parser), static entry => entry);
    }

    /// <summary>Adds an FDB entry, or replaces the one with this device and link-layer address, its destination included.</summary>
    /// <param name="entry">The entry.</param>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public void ReplaceFdb(in FdbEntry entry)
    {
        Span<byte> buffer = stackalloc byte[MaximumRequestSize];
        _socket.Execute(buffer[..FdbCodec.Write(buffer, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, entry)]);
    }

    /// <summary>Deletes an FDB entry.</summary>
    /// <param name="entry">Identified by device, link-layer address and, where set, destination.</param>
    /// <returns>
    /// False when there is no entry for the link-layer address. A VXLAN entry with another destination stays, and the kernel calls that a success.
    /// </returns>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public bool DeleteFdb(in FdbEntry entry)
    {
        Span<byte> buffer = stackalloc byte[MaximumRequestSize];
        return Delete(buffer[..FdbCodec.Write(buffer, RTM_DELNEIGH, 0, entry)]);
    }

    private static List<T> Once<T, TKey>(List<T> entries, Func<T, TKey> identify)
    {
        var seen = new HashSet<TKey>(entries.Count);
        entries.RemoveAll(entry => !seen.Add(identify(entry)));
        return entries;
    }
}

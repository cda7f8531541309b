using System.Net;
using System.Net.NetworkInformation;
using Flannel.Netlink.Interop;
using Flannel.Netlink.Messages;
using static Flannel.Netlink.Interop.LinuxNeighbour;
using static Flannel.Netlink.Interop.LinuxRtnetlink;

namespace Flannel.Netlink.Route.Neighbours;

/// <summary>Neighbours as bytes. Every writer returns the length of the message.</summary>
internal static class NeighbourCodec
{
    internal static int WriteDumpRequest(Span<byte> buffer, byte family, int linkIndex)
    {
        var writer = new NetlinkMessageWriter(buffer, RTM_GETNEIGH, 0);
        writer.Write(new ndmsg { ndm_family = family });
        if (linkIndex != 0)
            writer.WriteInt32(NDA_IFINDEX, linkIndex); // strict checking refuses the index in ndmsg
        return writer.Complete();
    }

    internal static int WriteNew(Span<byte> buffer, ushort flags, in Neighbour neighbour) => Write(buffer, RTM_NEWNEIGH, flags, neighbour);

    internal static int WriteDelete(Span<byte> buffer, in Neighbour neighbour) =>
        Write(buffer, RTM_DELNEIGH, 0, new Neighbour
        {
            LinkIndex = neighbour.LinkIndex,
            Destination = neighbour.Destination,
            State = NeighbourState.None,
            Flags = neighbour.Flags & NeighbourFlags.Proxy,
        });

    /// <returns>False for families other than IPv4 and IPv6.</returns>
    /// <exception cref="NetlinkException">The message is malformed.</exception>
    internal static bool TryRead(NetlinkMessage message, out Neighbour neighbour)
    {
        neighbour = default;
        ndmsg header = message.Read<ndmsg>(out NetlinkAttributeReader attributes);
        if (header.ndm_family is not (Libc.AF_INET or Libc.AF_INET6))
            return false;
        IPAddress? destination = null;
        PhysicalAddress? address = null;
        while (attributes.MoveNext())
        {
            if (attributes.Type == NDA_DST)
                destination = attributes.ReadAddress();
            else if (attributes.Type == NDA_LLADDR)
                address = attributes.ReadPhysicalAddress();
        }

        attributes.EnsureValid();
        neighbour = new Neighbour
        {
            LinkIndex = header.ndm_ifindex,
            Destination = destination ?? throw NetlinkException.Malformed("neighbour message", "it holds no destination"),
            Address = address,
            State = (NeighbourState)header.ndm_state,
            Flags = (NeighbourFlags)header.ndm_flags,
        };
        return true;
    }

    private static int Write(Span<byte> buffer, ushort type, ushort flags, in Neighbour neighbour)
    {
        var writer = new NetlinkMessageWriter(buffer, type, flags);
        writer.Write(new ndmsg
        {
            ndm_family = Families.ToKernel(neighbour.Destination),
            ndm_ifindex = neighbour.LinkIndex,
            ndm_state = (ushort)neighbour.State,
            ndm_flags = (byte)neighbour.Flags,
        });
        writer.WriteAddress(NDA_DST, neighbour.Destination);
        if (neighbour.Address is not null)
            writer.WritePhysicalAddress(NDA_LLADDR, neighbour.Address);
        return writer.Complete();
    }
}

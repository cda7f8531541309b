using System.Net;
using System.Net.NetworkInformation;
using Flannel.Netlink.Interop;
using Flannel.Netlink.Messages;
using static Flannel.Netlink.Interop.LinuxNeighbour;
using static Flannel.Netlink.Interop.LinuxRtnetlink;

namespace Flannel.Netlink.Route.Neighbours;

/// <summary>FDB entries as bytes. Every writer returns the length of the message.</summary>
internal static class FdbCodec
{
    internal static int WriteDumpRequest(Span<byte> buffer, int linkIndex)
    {
        var writer = new NetlinkMessageWriter(buffer, RTM_GETNEIGH, 0);
        writer.Write(new ndmsg { ndm_family = Libc.AF_BRIDGE, ndm_ifindex = linkIndex });
        return writer.Complete();
    }

    internal static int Write(Span<byte> buffer, ushort type, ushort flags, in FdbEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry.Address);
        var writer = new NetlinkMessageWriter(buffer, type, flags);
        writer.Write(new ndmsg
        {
            ndm_family = Libc.AF_BRIDGE,
            ndm_ifindex = entry.LinkIndex,
            ndm_state = (ushort)entry.State,
            ndm_flags = (byte)entry.Flags,
        });
        writer.WritePhysicalAddress(NDA_LLADDR, entry.Address);
        if (entry.Destination is not null)
            writer.WriteAddress(NDA_DST, entry.Destination);
        if (entry.Port is { } port)
            writer.WriteUInt16BigEndian(NDA_PORT, checked((ushort)port));
        if (entry.Vni is { } vni)
            writer.WriteInt32(NDA_VNI, vni);
        return writer.Complete();
    }

    /// <returns>False for families other than AF_BRIDGE and for entries without a link-layer address.</returns>
    /// <exception cref="NetlinkException">The message is malformed.</exception>
    internal static bool TryRead(NetlinkMessage message, out FdbEntry entry)
    {
        entry = default;
        ndmsg header = message.Read<ndmsg>(out NetlinkAttributeReader attributes);
        if (header.ndm_family != Libc.AF_BRIDGE)
            return false;
        IPAddress? destination = null;
        PhysicalAddress? address = null;
        int? port = null, vni = null;
        int master = 0;
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case NDA_DST: destination = attributes.ReadAddress(); break;
                case NDA_LLADDR: address = attributes.ReadPhysicalAddress(); break;
                case NDA_PORT: port = attributes.ReadUInt16BigEndian(); break;
                case NDA_VNI: vni = attributes.ReadInt32(); break;
                case NDA_MASTER: master = attributes.ReadInt32(); break;
                default: break;
            }
        }

        attributes.EnsureValid();
        if (address is null)
            return false;
        entry = new FdbEntry
        {
            LinkIndex = header.ndm_ifindex,
            Address = address,
            Destination = destination,
            State = (NeighbourState)header.ndm_state,
            Flags = (NeighbourFlags)header.ndm_flags,
            Port = port,
            Vni = vni,
            MasterIndex = master,
        };
        return true;
    }
}

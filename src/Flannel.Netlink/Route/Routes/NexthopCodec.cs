using System.Net;
using Flannel.Netlink.Interop;
using Flannel.Netlink.Messages;
using static Flannel.Netlink.Interop.LinuxNexthop;
using static Flannel.Netlink.Interop.LinuxRtnetlink;

namespace Flannel.Netlink.Route.Routes;

/// <summary>Nexthop objects as bytes. Every writer returns the length of the message.</summary>
internal static class NexthopCodec
{
    internal static int WriteDumpRequest(Span<byte> buffer, byte family, int linkIndex)
    {
        var writer = new NetlinkMessageWriter(buffer, RTM_GETNEXTHOP, 0);
        writer.Write(new nhmsg { nh_family = family });
        if (linkIndex != 0)
            writer.WriteInt32(NHA_OIF, linkIndex);
        return writer.Complete();
    }

    internal static int WriteNew(Span<byte> buffer, ushort flags, in Nexthop nexthop)
    {
        ArgumentOutOfRangeException.ThrowIfZero(nexthop.Id, nameof(nexthop));
        var writer = new NetlinkMessageWriter(buffer, RTM_NEWNEXTHOP, flags);
        writer.Write(new nhmsg
        {
            nh_family = Families.ToKernel(nexthop.Family),
            nh_protocol = (byte)nexthop.Protocol,
            nh_flags = (uint)(nexthop.Flags & RouteFlags.OnLink),
        });
        writer.WriteUInt32(NHA_ID, nexthop.Id);
        if (nexthop.IsBlackhole)
            writer.WriteFlag(NHA_BLACKHOLE);
        if (nexthop.LinkIndex != 0)
            writer.WriteInt32(NHA_OIF, nexthop.LinkIndex);
        if (nexthop.Gateway is not null)
            writer.WriteAddress(NHA_GATEWAY, nexthop.Gateway);
        return writer.Complete();
    }

    internal static int WriteDelete(Span<byte> buffer, uint id)
    {
        var writer = new NetlinkMessageWriter(buffer, RTM_DELNEXTHOP, 0);
        writer.Write(default(nhmsg));
        writer.WriteUInt32(NHA_ID, id);
        return writer.Complete();
    }

    /// <exception cref="NetlinkException">The message is malformed.</exception>
    internal static bool TryRead(NetlinkMessage message, out Nexthop nexthop)
    {
        nhmsg header = message.Read<nhmsg>(out NetlinkAttributeReader attributes);
        uint id = 0;
        int link = 0;
        IPAddress? gateway = null;
        bool blackhole = false, group = false;
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case NHA_ID: id = attributes.ReadUInt32(); break;
                case NHA_OIF: link = attributes.ReadInt32(); break;
                case NHA_GATEWAY: gateway = attributes.ReadAddress(); break;
                case NHA_BLACKHOLE: blackhole = true; break;
                case NHA_GROUP: group = true; break;
                default: break;
            }
        }

        attributes.EnsureValid();
        nexthop = new Nexthop
        {
            Id = id,
            Gateway = gateway,
            LinkIndex = link,
            // Left unset where the gateway tells it, so that what is read equals what was written.
            Family = gateway is null ? Families.FromKernel(header.nh_family) : default,
            Protocol = (RouteProtocol)header.nh_protocol,
            Flags = (RouteFlags)(header.nh_flags & byte.MaxValue),
            IsBlackhole = blackhole,
            IsGroup = group,
        };
        return true;
    }
}

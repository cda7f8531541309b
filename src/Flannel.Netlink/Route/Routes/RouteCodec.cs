using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Flannel.Netlink.Interop;
using Flannel.Netlink.Messages;
using static Flannel.Netlink.Interop.LinuxRtnetlink;

namespace Flannel.Netlink.Route.Routes;

/// <summary>Routes as bytes. Every writer returns the length of the message.</summary>
internal static class RouteCodec
{
    internal static int WriteDumpRequest(Span<byte> buffer, byte family, in RouteFilter filter)
    {
        var writer = new NetlinkMessageWriter(buffer, RTM_GETROUTE, 0);
        writer.Write(new rtmsg
        {
            rtm_family = family,
            rtm_protocol = (byte)filter.Protocol.GetValueOrDefault(),
            rtm_type = (byte)filter.Type.GetValueOrDefault(),
        });
        if (filter.Table is { } table)
            writer.WriteUInt32(RTA_TABLE, table);
        if (filter.LinkIndex is { } link)
            writer.WriteInt32(RTA_OIF, link);
        return writer.Complete();
    }

    internal static int WriteResolve(Span<byte> buffer, IPAddress destination, int linkIndex, IPAddress? source)
    {
        byte family = Families.ToKernel(destination);
        byte bits = (byte)Families.AddressBits(family);
        var writer = new NetlinkMessageWriter(buffer, RTM_GETROUTE, 0);
        writer.Write(new rtmsg
        {
            rtm_family = family,
            rtm_dst_len = bits,
            rtm_src_len = source is null ? (byte)0 : bits,
            // Without this flag IPv4 answers "main" whatever table it was; IPv6 always tells, and refuses the flag.
            rtm_flags = family == Libc.AF_INET ? RTM_F_LOOKUP_TABLE : 0,
        });
        writer.WriteAddress(RTA_DST, destination);
        if (source is not null)
            writer.WriteAddress(RTA_SRC, source);
        if (linkIndex != 0)
            writer.WriteInt32(RTA_OIF, linkIndex);
        return writer.Complete();
    }

    internal static int WriteNew(Span<byte> buffer, ushort flags, RouteEntry route) =>
        Write(buffer, RTM_NEWROUTE, flags, route, (byte)route.Scope, (uint)(route.Flags & RouteFlags.OnLink));

    internal static int WriteDelete(Span<byte> buffer, RouteEntry route) =>
        Write(buffer, RTM_DELROUTE, 0, route, RT_SCOPE_NOWHERE, 0);

    /// <returns>False for families other than IPv4 and IPv6.</returns>
    /// <exception cref="NetlinkException">The message is malformed.</exception>
    internal static bool TryRead(NetlinkMessage message, [MaybeNullWhen(false)] out RouteEntry route)
    {
        route = null;
        rtmsg header = message.Read<rtmsg>(out NetlinkAttributeReader attributes);
        if (header.rtm_family is not (Libc.AF_INET or Libc.AF_INET6))
            return false;
        IPAddress? destination = null, gateway = null, source = null;
        uint table = header.rtm_table, metric = 0, nexthop = 0;
        int link = 0;
        IReadOnlyList<RouteHop>? hops = null;
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case RTA_DST: destination = attributes.ReadAddress(); break;
                case RTA_GATEWAY: gateway = attributes.ReadAddress(); break;
                case RTA_VIA: gateway = ReadVia(attributes.Value); break;
                case RTA_PREFSRC: source = attributes.ReadAddress(); break;
                case RTA_OIF: link = attributes.ReadInt32(); break;
                case RTA_TABLE: table = attributes.ReadUInt32(); break;
                case RTA_PRIORITY: metric = attributes.ReadUInt32(); break;
                case RTA_NH_ID: nexthop = attributes.ReadUInt32(); break;
                case RTA_MULTIPATH: hops = ReadHops(attributes.Value); break;
                default: break;
            }
        }

        attributes.EnsureValid();
        route = new RouteEntry
        {
            Destination = ToNetwork(destination ?? Families.Any(header.rtm_family), header.rtm_dst_len),
            Gateway = gateway,
            LinkIndex = link,
            Table = table,
            Protocol = (RouteProtocol)header.rtm_protocol,
            Scope = (RouteScope)header.rtm_scope,
            Type = (RouteType)header.rtm_type,
            Flags = (RouteFlags)(header.rtm_flags & byte.MaxValue),
            Metric = metric,
            PreferredSource = source,
            NexthopId = nexthop,
            Hops = hops,
        };
        return true;
    }

    private static int Write(Span<byte> buffer, ushort type, ushort flags, RouteEntry route, byte scope, uint routeFlags)
    {
        byte family = Families.ToKernel(route.Destination.BaseAddress);
        var writer = new NetlinkMessageWriter(buffer, type, flags);
        writer.Write(new rtmsg
        {
            rtm_family = family,
            rtm_dst_len = (byte)route.Destination.PrefixLength,
            rtm_table = route.Table <= byte.MaxValue ? (byte)route.Table : RT_TABLE_UNSPEC,
            rtm_protocol = (byte)route.Protocol,
            rtm_scope = scope,
            rtm_type = (byte)route.Type,
            rtm_flags = routeFlags,
        });
        if (route.Destination.PrefixLength > 0)
            writer.WriteAddress(RTA_DST, route.Destination.BaseAddress);
        WriteGateway(ref writer, family, route.Gateway);
        if (route.LinkIndex != 0)
            writer.WriteInt32(RTA_OIF, route.LinkIndex);
        if (route.Metric != 0)
            writer.WriteUInt32(RTA_PRIORITY, route.Metric);
        if (route.PreferredSource is not null)
            writer.WriteAddress(RTA_PREFSRC, route.PreferredSource);
        if (route.Table > byte.MaxValue)
            writer.WriteUInt32(RTA_TABLE, route.Table);
        if (route.NexthopId != 0)
            writer.WriteUInt32(RTA_NH_ID, route.NexthopId);
        if (route.Hops is { Count: > 0 } hops)
            WriteHops(ref writer, family, hops);
        return writer.Complete();
    }

    private static void WriteGateway(ref NetlinkMessageWriter writer, byte family, IPAddress? gateway)
    {
        if (gateway is null)
            return;
        byte gatewayFamily = Families.ToKernel(gateway);
        if (gatewayFamily == family)
        {
            writer.WriteAddress(RTA_GATEWAY, gateway);
            return;
        }

        // struct rtvia: the family as 16 bits, then the address
        Span<byte> via = stackalloc byte[sizeof(ushort) + 16];
        MemoryMarshal.Write(via, (ushort)gatewayFamily);
        gateway.TryWriteBytes(via[sizeof(ushort)..], out int written);
        writer.WriteBytes(RTA_VIA, via[..(sizeof(ushort) + written)]);
    }

    private static void WriteHops(ref NetlinkMessageWriter writer, byte family, IReadOnlyList<RouteHop> hops)
    {
        NestedStart multipath = writer.BeginNested(RTA_MULTIPATH);
        foreach (RouteHop hop in hops)
        {
            int start = writer.Length;
            writer.Write(new rtnexthop
            {
                rtnh_flags = (byte)(hop.Flags & RouteFlags.OnLink),
                rtnh_hops = hop.Weight,
                rtnh_ifindex = hop.LinkIndex,
            });
            WriteGateway(ref writer, family, hop.Gateway);
            writer.PatchUInt16(start, (ushort)(writer.Length - start));
        }

        writer.EndNested(multipath);
    }

    private static List<RouteHop> ReadHops(ReadOnlySpan<byte> rest)
    {
        var hops = new List<RouteHop>();
        while (rest.Length >= Unsafe.SizeOf<rtnexthop>())
        {
            var header = MemoryMarshal.Read<rtnexthop>(rest);
            if (header.rtnh_len < Unsafe.SizeOf<rtnexthop>() || header.rtnh_len > rest.Length)
                throw NetlinkException.Malformed("route message", $"a hop claims {header.rtnh_len} bytes where {rest.Length} are left");
            IPAddress? gateway = null;
            var attributes = new NetlinkAttributeReader(rest[Unsafe.SizeOf<rtnexthop>()..header.rtnh_len]);
            while (attributes.MoveNext())
            {
                if (attributes.Type == RTA_GATEWAY)
                    gateway = attributes.ReadAddress();
                else if (attributes.Type == RTA_VIA)
                    gateway = ReadVia(attributes.Value);
            }

            attributes.EnsureValid();
            hops.Add(new RouteHop
            {
                Gateway = gateway,
                LinkIndex = header.rtnh_ifindex,
                Weight = header.rtnh_hops,
                Flags = (RouteFlags)header.rtnh_flags,
            });
            rest = rest[Math.Min(LinuxNetlink.NLMSG_ALIGN(header.rtnh_len), rest.Length)..];
        }

        return hops;
    }

    private static IPAddress ReadVia(ReadOnlySpan<byte> via) => via.Length is 6 or 18
        ? new IPAddress(via[sizeof(ushort)..])
        : throw NetlinkException.Malformed("route message", $"RTA_VIA holds {via.Length} bytes");

    private static IPNetwork ToNetwork(IPAddress address, byte prefixLength)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out int length);
        if (prefixLength > length * 8)
            throw NetlinkException.Malformed("route message", $"prefix length {prefixLength} for an address of {length} bytes");

        // IPNetwork refuses host bits; the kernel sends none, but this must hold for any input.
        int whole = prefixLength / 8;
        bool clean = true;
        for (int i = whole; i < length; i++)
        {
            byte mask = i == whole ? (byte)(0xFF00 >> (prefixLength % 8)) : (byte)0;
            clean &= (bytes[i] & ~mask) == 0;
            bytes[i] &= mask;
        }

        return new IPNetwork(clean ? address : new IPAddress(bytes[..length]), prefixLength);
    }
}

using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Text;
using Flannel.Netlink.Interop;
using Flannel.Netlink.Messages;
using Flannel.Netlink.Route.Routes;
using static Flannel.Netlink.Interop.LinuxRtnetlink;

namespace Flannel.Netlink.Route;

/// <summary>
/// Turns a request into words close to iproute2's, for exceptions: <c>RTM_NEWROUTE 10.244.2.0/24 via 10.244.2.0 dev flannel.1</c>.
/// Decoding the bytes only when something fails costs nothing while all is well.
/// </summary>
internal sealed class RouteRequestFormatter(Func<int, string?> nameOfLink)
{
    internal string Format(ReadOnlySpan<byte> request)
    {
        var messages = new NetlinkMessageReader(request);
        if (!messages.MoveNext())
            return "malformed request";
        NetlinkMessage message = messages.Current;
        var text = new StringBuilder(NameOf(message.Type));
        switch (message.Type)
        {
            case RTM_NEWLINK or RTM_DELLINK or RTM_GETLINK: AppendLink(text, message); break;
            case RTM_NEWADDR or RTM_DELADDR or RTM_GETADDR: AppendAddress(text, message); break;
            case RTM_NEWROUTE or RTM_DELROUTE or RTM_GETROUTE: AppendRoute(text, message); break;
            case RTM_NEWNEIGH or RTM_DELNEIGH or RTM_GETNEIGH: AppendNeighbour(text, message); break;
            case RTM_NEWNEXTHOP or RTM_DELNEXTHOP or RTM_GETNEXTHOP: AppendNexthop(text, message); break;
            default: break;
        }

        return text.ToString();
    }

    private static string NameOf(ushort type) => type switch
    {
        RTM_NEWLINK => nameof(RTM_NEWLINK),
        RTM_DELLINK => nameof(RTM_DELLINK),
        RTM_GETLINK => nameof(RTM_GETLINK),
        RTM_NEWADDR => nameof(RTM_NEWADDR),
        RTM_DELADDR => nameof(RTM_DELADDR),
        RTM_GETADDR => nameof(RTM_GETADDR),
        RTM_NEWROUTE => nameof(RTM_NEWROUTE),
        RTM_DELROUTE => nameof(RTM_DELROUTE),
        RTM_GETROUTE => nameof(RTM_GETROUTE),
        RTM_NEWNEIGH => nameof(RTM_NEWNEIGH),
        RTM_DELNEIGH => nameof(RTM_DELNEIGH),
        RTM_GETNEIGH => nameof(RTM_GETNEIGH),
        RTM_NEWNEXTHOP => nameof(RTM_NEWNEXTHOP),
        RTM_DELNEXTHOP => nameof(RTM_DELNEXTHOP),
        RTM_GETNEXTHOP => nameof(RTM_GETNEXTHOP),
        _ => string.Create(CultureInfo.InvariantCulture, $"rtnetlink request {type}"),
    };

    private void AppendLink(StringBuilder text, NetlinkMessage message)
    {
        ifinfomsg header = message.Read<ifinfomsg>(out NetlinkAttributeReader attributes);
        AppendDevice(text, header.ifi_index);
        while (attributes.MoveNext())
        {
            if (attributes.Type == LinuxIfLink.IFLA_IFNAME)
                Append(text, header.ifi_index == 0 ? "" : " name", attributes.ReadString());
            else if (attributes.Type == LinuxIfLink.IFLA_LINKINFO)
                AppendKind(text, attributes.ReadNested());
        }
    }

    private static void AppendKind(StringBuilder text, NetlinkAttributeReader info)
    {
        while (info.MoveNext())
        {
            if (info.Type == LinuxIfLink.IFLA_INFO_KIND)
                Append(text, " type", info.ReadString());
        }
    }

    private void AppendAddress(StringBuilder text, NetlinkMessage message)
    {
        ifaddrmsg header = message.Read<ifaddrmsg>(out NetlinkAttributeReader attributes);
        while (attributes.MoveNext())
        {
            if (attributes.Type == LinuxIfAddr.IFA_LOCAL)
                Append(text, "", $"{attributes.ReadAddress()}/{header.ifa_prefixlen}");
        }

        AppendDevice(text, (int)header.ifa_index);
    }

    private void AppendRoute(StringBuilder text, NetlinkMessage message)
    {
        rtmsg header = message.Read<rtmsg>(out NetlinkAttributeReader attributes);
        IPAddress? destination = null, gateway = null;
        uint table = header.rtm_table, metric = 0, nexthop = 0;
        int link = 0;
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case RTA_DST: destination = attributes.ReadAddress(); break;
                case RTA_GATEWAY: gateway = attributes.ReadAddress(); break;
                case RTA_VIA when attributes.Value.Length is 6 or 18: gateway = new IPAddress(attributes.Value[sizeof(ushort)..]); break;
                case RTA_OIF: link = attributes.ReadInt32(); break;
                case RTA_PRIORITY: metric = attributes.ReadUInt32(); break;
                case RTA_TABLE: table = attributes.ReadUInt32(); break;
                case RTA_NH_ID: nexthop = attributes.ReadUInt32(); break;
                default: break;
            }
        }

        if (destination is not null)
            Append(text, "", $"{destination}/{header.rtm_dst_len}");
        else if (message.Type != RTM_GETROUTE)
            Append(text, "", "default");
        if (gateway is not null)
            Append(text, " via", gateway.ToString());
        AppendDevice(text, link);
        if (nexthop != 0)
            Append(text, " nhid", nexthop.ToString(CultureInfo.InvariantCulture));
        if (metric != 0)
            Append(text, " metric", metric.ToString(CultureInfo.InvariantCulture));
        if (table is not (0 or RouteEntry.MainTable))
            Append(text, " table", table.ToString(CultureInfo.InvariantCulture));
        if ((header.rtm_flags & RTNH_F_ONLINK) != 0)
            text.Append(" onlink");
    }

    private void AppendNeighbour(StringBuilder text, NetlinkMessage message)
    {
        ndmsg header = message.Read<ndmsg>(out NetlinkAttributeReader attributes);
        bool isFdb = header.ndm_family == Libc.AF_BRIDGE;
        if (isFdb)
            text.Append(" fdb");
        int link = header.ndm_ifindex;
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case LinuxNeighbour.NDA_DST: Append(text, isFdb ? " dst" : "", attributes.ReadAddress().ToString()); break;
                case LinuxNeighbour.NDA_LLADDR: Append(text, " lladdr", Format(attributes.ReadPhysicalAddress())); break;
                case LinuxNeighbour.NDA_IFINDEX: link = attributes.ReadInt32(); break;
                default: break;
            }
        }

        AppendDevice(text, link);
    }

    private void AppendNexthop(StringBuilder text, NetlinkMessage message)
    {
        _ = message.Read<nhmsg>(out NetlinkAttributeReader attributes);
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case LinuxNexthop.NHA_ID: Append(text, " id", attributes.ReadUInt32().ToString(CultureInfo.InvariantCulture)); break;
                case LinuxNexthop.NHA_GATEWAY: Append(text, " via", attributes.ReadAddress().ToString()); break;
                case LinuxNexthop.NHA_OIF: AppendDevice(text, attributes.ReadInt32()); break;
                default: break;
            }
        }
    }

    private void AppendDevice(StringBuilder text, int index)
    {
        if (index != 0)
            Append(text, " dev", nameOfLink(index) ?? string.Create(CultureInfo.InvariantCulture, $"#{index}"));
    }

    private static void Append(StringBuilder text, string keyword, string value) => text.Append(keyword).Append(' ').Append(value);

    private static string Format(PhysicalAddress address) => Convert.ToHexStringLower(address.GetAddressBytes()) is var hex
        ? string.Join(':', Enumerable.Range(0, hex.Length / 2).Select(i => hex.Substring(i * 2, 2)))
        : "";
}

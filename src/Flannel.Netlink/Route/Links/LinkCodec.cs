using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Flannel.Netlink.Interop;
using Flannel.Netlink.Messages;
using static Flannel.Netlink.Interop.LinuxIfLink;
using static Flannel.Netlink.Interop.LinuxNetlink;
using static Flannel.Netlink.Interop.LinuxRtnetlink;

namespace Flannel.Netlink.Route.Links;

/// <summary>Links as bytes. Every writer returns the length of the message.</summary>
internal static partial class LinkCodec
{
    internal static int WriteDumpRequest(Span<byte> buffer)
    {
        var writer = new NetlinkMessageWriter(buffer, RTM_GETLINK, 0);
        writer.Write(default(ifinfomsg));
        return writer.Complete();
    }

    internal static int WriteFind(Span<byte> buffer, int index, int? namespaceId = null)
    {
        var writer = new NetlinkMessageWriter(buffer, RTM_GETLINK, 0);
        writer.Write(new ifinfomsg { ifi_index = index });
        if (namespaceId is { } id)
            writer.WriteInt32(IFLA_TARGET_NETNSID, id);
        return writer.Complete();
    }

    internal static int WriteFind(Span<byte> buffer, string name)
    {
        var writer = new NetlinkMessageWriter(buffer, RTM_GETLINK, 0);
        writer.Write(default(ifinfomsg));
        writer.WriteString(IFLA_IFNAME, name);
        return writer.Complete();
    }

    internal static int WriteDelete(Span<byte> buffer, int index)
    {
        var writer = new NetlinkMessageWriter(buffer, RTM_DELLINK, 0);
        writer.Write(new ifinfomsg { ifi_index = index });
        return writer.Complete();
    }

    /// <summary>Without an index: all devices of the group.</summary>
    internal static int WriteDeleteGroup(Span<byte> buffer, uint group)
    {
        var writer = new NetlinkMessageWriter(buffer, RTM_DELLINK, 0);
        writer.Write(default(ifinfomsg));
        writer.WriteUInt32(IFLA_GROUP, group);
        return writer.Complete();
    }

    internal static int WriteCreate(Span<byte> buffer, LinkSpec spec)
    {
        var writer = new NetlinkMessageWriter(buffer, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
        writer.Write(Header(0, spec.IsUp ? true : null));
        WriteCommon(ref writer, spec.Name, spec.Mtu, spec.TxQueueLength, spec.Address, spec.MasterIndex, null);
        NestedStart info = writer.BeginNested(IFLA_LINKINFO);
        writer.WriteString(IFLA_INFO_KIND, spec.Kind);
        if (spec is VxlanLinkSpec vxlan)
            WriteVxlan(ref writer, vxlan);
        else if (spec is VethLinkSpec veth)
            WriteVethPeer(ref writer, veth);
        writer.EndNested(info);
        return writer.Complete();
    }

    internal static int WriteChange(Span<byte> buffer, int index, LinkChange change) => WriteChange(buffer, index, name: null, change);

    /// <summary>The device is found by its name, which therefore cannot be changed.</summary>
    internal static int WriteChange(Span<byte> buffer, string name, LinkChange change)
    {
        if (change.Name is not null)
            throw new ArgumentException("A device that is found by its name keeps it.", nameof(change));
        return WriteChange(buffer, index: 0, name, change);
    }

    private static int WriteChange(Span<byte> buffer, int index, string? name, LinkChange change)
    {
        // RTM_NEWLINK without NLM_F_CREATE changes a link; unlike RTM_SETLINK it also takes IFLA_LINKINFO.
        var writer = new NetlinkMessageWriter(buffer, RTM_NEWLINK, 0);
        ifinfomsg header = Header(index, change.IsUp);
        if (change.IsPromiscuous is { } promiscuous)
        {
            header.ifi_flags |= promiscuous ? LinuxIf.IFF_PROMISC : 0;
            header.ifi_change |= LinuxIf.IFF_PROMISC;
        }

        writer.Write(header);
        WriteCommon(ref writer, name ?? change.Name, change.Mtu, change.TxQueueLength, change.Address, change.MasterIndex, change.Namespace);
        if (change.Alias is not null)
            writer.WriteString(IFLA_IFALIAS, change.Alias);
        if (change.Group is { } group)
            writer.WriteUInt32(IFLA_GROUP, group);
        WriteFamilies(ref writer, change);
        if (change.Hairpin is not null || change.ForwardsAtOnce)
            WriteBridgePort(ref writer, change);

        if (change.VxlanLearning is not null || change.VxlanLocal is not null)
        {
            NestedStart info = writer.BeginNested(IFLA_LINKINFO);
            writer.WriteString(IFLA_INFO_KIND, "vxlan");
            NestedStart data = writer.BeginNested(IFLA_INFO_DATA);
            WriteByFamily(ref writer, change.VxlanLocal, IFLA_VXLAN_LOCAL, IFLA_VXLAN_LOCAL6);
            if (change.VxlanLearning is { } learning)
                writer.WriteByte(IFLA_VXLAN_LEARNING, learning ? (byte)1 : (byte)0);
            writer.EndNested(data);
            writer.EndNested(info);
        }

        return writer.Complete();
    }

    /// <exception cref="NetlinkException">The message is malformed.</exception>
    internal static bool TryRead(NetlinkMessage message, [MaybeNullWhen(false)] out Link link)
    {
        ifinfomsg header = message.Read<ifinfomsg>(out NetlinkAttributeReader attributes);
        string name = "", kind = "";
        PhysicalAddress? address = null;
        int mtu = 0, parent = 0, master = 0, queue = 0;
        int? parentNamespace = null;
        string? alias = null;
        bool? hairpin = null;
        var status = OperationalStatus.Unknown;
        LinkStatistics? statistics = null;
        VxlanInfo? vxlan = null;
        IReadOnlyList<string> otherNames = [];
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case IFLA_IFNAME: name = attributes.ReadString(); break;
                case IFLA_ADDRESS: address = attributes.ReadPhysicalAddress(); break;
                case IFLA_MTU: mtu = attributes.ReadInt32(); break;
                case IFLA_LINK: parent = attributes.ReadInt32(); break;
                case IFLA_LINK_NETNSID: parentNamespace = attributes.ReadInt32(); break;
                case IFLA_IFALIAS: alias = attributes.ReadString(); break;
                case IFLA_MASTER: master = attributes.ReadInt32(); break;
                case IFLA_TXQLEN: queue = attributes.ReadInt32(); break;
                case IFLA_OPERSTATE: status = ToStatus(attributes.ReadByte()); break;
                case IFLA_STATS64: statistics = ToStatistics(attributes.ReadStruct<rtnl_link_stats64_head>()); break;
                case IFLA_PROP_LIST: otherNames = ReadNames(attributes.ReadNested()); break;
                case IFLA_LINKINFO: (kind, vxlan, hairpin) = ReadInfo(attributes.ReadNested()); break;
                default: break;
            }
        }

        attributes.EnsureValid();
        link = new Link
        {
            Index = header.ifi_index,
            Name = name,
            AlternativeNames = otherNames,
            Kind = kind.Length == 0 ? null : kind,
            Flags = (LinkFlags)header.ifi_flags,
            OperationalStatus = status,
            Mtu = mtu,
            Address = address,
            ParentIndex = parent,
            ParentIsInOtherNamespace = parentNamespace is not null,
            ParentNamespaceId = parentNamespace,
            Alias = alias,
            Hairpin = hairpin,
            MasterIndex = master,
            TxQueueLength = queue,
            Vxlan = vxlan,
            Statistics = statistics,
        };
        return true;
    }

    private static ifinfomsg Header(int index, bool? up) => new()
    {
        ifi_index = index,
        ifi_flags = up == true ? LinuxIf.IFF_UP : 0,
        ifi_change = up is null ? 0 : LinuxIf.IFF_UP,
    };

    private static void WriteCommon(
        ref NetlinkMessageWriter writer, string? name, int? mtu, int? queue, PhysicalAddress? address, int? master, SafeHandle? ns)
    {
        if (name is not null)
            writer.WriteString(IFLA_IFNAME, name);
        if (mtu is { } bytes)
            writer.WriteInt32(IFLA_MTU, bytes);
        if (queue is { } packets)
            writer.WriteInt32(IFLA_TXQLEN, packets);
        if (address is not null)
            writer.WritePhysicalAddress(IFLA_ADDRESS, address);
        if (master is { } index)
            writer.WriteInt32(IFLA_MASTER, index);
        if (ns is not null)
            writer.WriteInt32(IFLA_NET_NS_FD, (int)ns.DangerousGetHandle());
    }

    private static void WriteFamilies(ref NetlinkMessageWriter writer, LinkChange change)
    {
        if (change.IPv6AddressGeneration is null && change.ArpNotify is null && change.RouteLocalnet is null)
            return;
        NestedStart families = writer.BeginNested(IFLA_AF_SPEC);
        if (change.ArpNotify is not null || change.RouteLocalnet is not null)
        {
            NestedStart family = writer.BeginNested(Libc.AF_INET);
            NestedStart settings = writer.BeginNested(IFLA_INET_CONF);
            if (change.ArpNotify is { } notify)
                writer.WriteInt32(IPV4_DEVCONF_ARP_NOTIFY, notify ? 1 : 0);
            if (change.RouteLocalnet is { } localnet)
                writer.WriteInt32(IPV4_DEVCONF_ROUTE_LOCALNET, localnet ? 1 : 0);
            writer.EndNested(settings);
            writer.EndNested(family);
        }

        if (change.IPv6AddressGeneration is { } mode)
        {
            NestedStart family = writer.BeginNested(Libc.AF_INET6);
            writer.WriteByte(IFLA_INET6_ADDR_GEN_MODE, (byte)mode);
            writer.EndNested(family);
        }

        writer.EndNested(families);
    }

    private static void WriteVxlan(ref NetlinkMessageWriter writer, VxlanLinkSpec spec)
    {
        NestedStart data = writer.BeginNested(IFLA_INFO_DATA);
        writer.WriteInt32(IFLA_VXLAN_ID, spec.Id);
        if (spec.ParentIndex != 0)
            writer.WriteInt32(IFLA_VXLAN_LINK, spec.ParentIndex);
        WriteByFamily(ref writer, spec.Group, IFLA_VXLAN_GROUP, IFLA_VXLAN_GROUP6);
        WriteByFamily(ref writer, spec.Local, IFLA_VXLAN_LOCAL, IFLA_VXLAN_LOCAL6);
        writer.WriteByte(IFLA_VXLAN_TTL, spec.Ttl);
        writer.WriteByte(IFLA_VXLAN_TOS, spec.Tos);
        writer.WriteByte(IFLA_VXLAN_LEARNING, spec.Learning ? (byte)1 : (byte)0);
        writer.WriteByte(IFLA_VXLAN_PROXY, 0);
        writer.WriteByte(IFLA_VXLAN_RSC, 0);
        writer.WriteByte(IFLA_VXLAN_L2MISS, 0);
        writer.WriteByte(IFLA_VXLAN_L3MISS, 0);
        if (spec.Gbp)
            writer.WriteFlag(IFLA_VXLAN_GBP);
        if (spec.Port > 0)
            writer.WriteUInt16BigEndian(IFLA_VXLAN_PORT, (ushort)spec.Port);
        writer.EndNested(data);
    }

    private static void WriteVethPeer(ref NetlinkMessageWriter writer, VethLinkSpec spec)
    {
        NestedStart data = writer.BeginNested(IFLA_INFO_DATA);
        NestedStart peer = writer.BeginNested(VETH_INFO_PEER);
        writer.Write(default(ifinfomsg)); // up would be refused (ENOTCONN): the kernel makes the peer before it joins the two ends
        WriteCommon(ref writer, spec.PeerName, spec.PeerMtu ?? spec.Mtu, spec.TxQueueLength, spec.PeerAddress, null, spec.PeerNamespace);
        writer.EndNested(peer);
        writer.EndNested(data);
    }

    private static void WriteByFamily(ref NetlinkMessageWriter writer, IPAddress? address, ushort type4, ushort type6)
    {
        if (address is not null)
            writer.WriteAddress(address.AddressFamily == AddressFamily.InterNetworkV6 ? type6 : type4, address);
    }

    private static List<string> ReadNames(NetlinkAttributeReader properties)
    {
        List<string> names = [];
        while (properties.MoveNext())
        {
            if (properties.Type == IFLA_ALT_IFNAME)
                names.Add(properties.ReadString());
        }

        properties.EnsureValid();
        return names;
    }

    private static (string Kind, VxlanInfo? Vxlan, bool? Hairpin) ReadInfo(NetlinkAttributeReader info)
    {
        string kind = "", masterKind = "";
        VxlanInfo? vxlan = null;
        bool? hairpin = null;
        while (info.MoveNext())
        {
            // The kernel puts the kind before its data.
            if (info.Type == IFLA_INFO_KIND)
                kind = info.ReadString();
            else if (info.Type == IFLA_INFO_DATA && kind == "vxlan")
                vxlan = ReadVxlan(info.ReadNested());
            else if (info.Type == IFLA_INFO_SLAVE_KIND)
                masterKind = info.ReadString();
            else if (info.Type == IFLA_INFO_SLAVE_DATA && masterKind == "bridge")
                hairpin = ReadHairpin(info.ReadNested());
        }

        info.EnsureValid();
        return (kind, vxlan, hairpin);
    }

    private static VxlanInfo ReadVxlan(NetlinkAttributeReader data)
    {
        int id = 0, parent = 0, port = 0;
        byte ttl = 0, tos = 0;
        IPAddress? local = null, group = null;
        bool learning = false, gbp = false, proxy = false, rsc = false, l2Miss = false, l3Miss = false;
        bool checksum = false, zeroSend = false, zeroReceive = false, metadata = false;
        while (data.MoveNext())
        {
            switch (data.Type)
            {
                case IFLA_VXLAN_ID: id = data.ReadInt32(); break;
                case IFLA_VXLAN_LINK: parent = data.ReadInt32(); break;
                case IFLA_VXLAN_LOCAL or IFLA_VXLAN_LOCAL6: local = data.ReadAddress(); break;
                case IFLA_VXLAN_GROUP or IFLA_VXLAN_GROUP6: group = data.ReadAddress(); break;
                case IFLA_VXLAN_PORT: port = data.ReadUInt16BigEndian(); break;
                case IFLA_VXLAN_TTL: ttl = data.ReadByte(); break;
                case IFLA_VXLAN_TOS: tos = data.ReadByte(); break;
                case IFLA_VXLAN_LEARNING: learning = data.ReadBoolean(); break;
                case IFLA_VXLAN_GBP: gbp = true; break;
                case IFLA_VXLAN_PROXY: proxy = data.ReadBoolean(); break;
                case IFLA_VXLAN_RSC: rsc = data.ReadBoolean(); break;
                case IFLA_VXLAN_L2MISS: l2Miss = data.ReadBoolean(); break;
                case IFLA_VXLAN_L3MISS: l3Miss = data.ReadBoolean(); break;
                case IFLA_VXLAN_UDP_CSUM: checksum = data.ReadBoolean(); break;
                case IFLA_VXLAN_UDP_ZERO_CSUM6_TX: zeroSend = data.ReadBoolean(); break;
                case IFLA_VXLAN_UDP_ZERO_CSUM6_RX: zeroReceive = data.ReadBoolean(); break;
                case IFLA_VXLAN_COLLECT_METADATA: metadata = data.ReadBoolean(); break;
                default: break;
            }
        }

        data.EnsureValid();
        return new VxlanInfo
        {
            Id = id,
            ParentIndex = parent,
            Local = local,
            Group = group,
            Port = port,
            Ttl = ttl,
            Tos = tos,
            Learning = learning,
            Gbp = gbp,
            Proxy = proxy,
            Rsc = rsc,
            L2Miss = l2Miss,
            L3Miss = l3Miss,
            UdpChecksum = checksum,
            UdpZeroChecksum6Send = zeroSend,
            UdpZeroChecksum6Receive = zeroReceive,
            CollectMetadata = metadata,
        };
    }

    private static LinkStatistics ToStatistics(in rtnl_link_stats64_head counters) => new()
    {
        ReceivedPackets = counters.rx_packets,
        SentPackets = counters.tx_packets,
        ReceivedBytes = counters.rx_bytes,
        SentBytes = counters.tx_bytes,
        ReceiveErrors = counters.rx_errors,
        SendErrors = counters.tx_errors,
        ReceiveDrops = counters.rx_dropped,
        SendDrops = counters.tx_dropped,
    };

    private static OperationalStatus ToStatus(byte state) => state switch
    {
        LinuxIf.IF_OPER_UP => OperationalStatus.Up,
        LinuxIf.IF_OPER_DOWN => OperationalStatus.Down,
        LinuxIf.IF_OPER_LOWERLAYERDOWN => OperationalStatus.LowerLayerDown,
        LinuxIf.IF_OPER_DORMANT => OperationalStatus.Dormant,
        LinuxIf.IF_OPER_TESTING => OperationalStatus.Testing,
        LinuxIf.IF_OPER_NOTPRESENT => OperationalStatus.NotPresent,
        _ => OperationalStatus.Unknown,
    };
}

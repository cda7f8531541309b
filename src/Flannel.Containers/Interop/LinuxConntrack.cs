namespace Flannel.Containers.Interop;

/// <summary>linux/netfilter/nfnetlink_conntrack.h and linux/netfilter/nfnetlink.h.</summary>
internal static class LinuxConntrack
{
    internal const ushort NFNL_SUBSYS_CTNETLINK = 1;
    internal const ushort IPCTNL_MSG_CT_GET = 1;
    internal const ushort IPCTNL_MSG_CT_DELETE = 2;

    internal const ushort CTA_TUPLE_ORIG = 1;
    internal const ushort CTA_TUPLE_REPLY = 2;
    internal const ushort CTA_ID = 12;
    internal const ushort CTA_ZONE = 18;

    internal const ushort CTA_TUPLE_IP = 1;
    internal const ushort CTA_TUPLE_PROTO = 2;

    internal const ushort CTA_IP_V4_SRC = 1;
    internal const ushort CTA_IP_V4_DST = 2;
    internal const ushort CTA_IP_V6_SRC = 3;
    internal const ushort CTA_IP_V6_DST = 4;

    internal const ushort CTA_PROTO_NUM = 1;
    internal const ushort CTA_PROTO_DST_PORT = 3;

    internal const byte AF_INET = 2;
    internal const byte AF_INET6 = 10;

    internal const ushort NLA_F_NESTED = 0x8000;

    internal static ushort MessageType(ushort message) => (ushort)((NFNL_SUBSYS_CTNETLINK << 8) | message);
}

using System.Runtime.InteropServices;

namespace Flannel.Netlink.Interop;

/// <summary>linux/nexthop.h</summary>
internal static class LinuxNexthop
{
    internal const ushort NHA_ID = 1;
    internal const ushort NHA_GROUP = 2;
    internal const ushort NHA_BLACKHOLE = 4;
    internal const ushort NHA_OIF = 5;
    internal const ushort NHA_GATEWAY = 6;
}

/// <summary>Family header of RTM_*NEXTHOP.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct nhmsg
{
    public byte nh_family;
    public byte nh_scope;
    public byte nh_protocol;
    public byte resvd;
    public uint nh_flags;
}

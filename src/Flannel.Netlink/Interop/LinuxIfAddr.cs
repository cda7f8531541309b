using System.Runtime.InteropServices;

namespace Flannel.Netlink.Interop;

/// <summary>linux/if_addr.h</summary>
internal static class LinuxIfAddr
{
    internal const ushort IFA_ADDRESS = 1;
    internal const ushort IFA_LOCAL = 2;
    internal const ushort IFA_LABEL = 3;
    internal const ushort IFA_BROADCAST = 4;
    internal const ushort IFA_FLAGS = 8;
    internal const ushort IFA_TARGET_NETNSID = 10;
}

/// <summary>Family header of RTM_*ADDR.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ifaddrmsg
{
    public byte ifa_family;
    public byte ifa_prefixlen;
    public byte ifa_flags;
    public byte ifa_scope;
    public uint ifa_index;
}

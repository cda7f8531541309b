using System.Runtime.InteropServices;

namespace Flannel.Backends.Udp.Interop;

/// <summary>linux/if_tun.h and what of linux/if.h it needs; constants as on x86-64 and arm64.</summary>
internal static class LinuxIfTun
{
    internal const int IFNAMSIZ = 16;

    internal const short IFF_TUN = 0x0001;
    internal const short IFF_MULTI_QUEUE = 0x0100;
    internal const short IFF_NO_PI = 0x1000;
    internal const short IFF_VNET_HDR = 0x4000;

    internal const uint TUN_F_CSUM = 0x01;
    internal const uint TUN_F_TSO4 = 0x02;
    internal const uint TUN_F_TSO6 = 0x04;
    internal const uint TUN_F_TSO_ECN = 0x08;
    internal const uint TUN_F_USO4 = 0x20;
    internal const uint TUN_F_USO6 = 0x40;

    internal const nuint TUNSETIFF = 0x400454CA;
    internal const nuint TUNGETFEATURES = 0x800454CF;
    internal const nuint TUNSETOFFLOAD = 0x400454D0;
    internal const nuint TUNSETSNDBUF = 0x400454D4;
    internal const nuint TUNSETVNETHDRSZ = 0x400454D8;

    /// <summary>struct ifreq of linux/if.h, with the one member of its union that is used.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 40)]
    internal unsafe struct ifreq
    {
        public fixed byte ifr_name[IFNAMSIZ];
        public short ifr_flags;
    }
}

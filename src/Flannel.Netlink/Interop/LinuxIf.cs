namespace Flannel.Netlink.Interop;

/// <summary>linux/if.h</summary>
internal static class LinuxIf
{
    internal const int IFNAMSIZ = 16;

    internal const uint IFF_UP = 0x1;
    internal const uint IFF_PROMISC = 0x100;

    internal const byte IF_OPER_NOTPRESENT = 1;
    internal const byte IF_OPER_DOWN = 2;
    internal const byte IF_OPER_LOWERLAYERDOWN = 3;
    internal const byte IF_OPER_TESTING = 4;
    internal const byte IF_OPER_DORMANT = 5;
    internal const byte IF_OPER_UP = 6;
}

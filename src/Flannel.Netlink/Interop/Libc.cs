using System.Runtime.InteropServices;

namespace Flannel.Netlink.Interop;

/// <summary>sys/socket.h, sys/ioctl.h, poll.h and sys/eventfd.h; constants as on x86-64 and arm64, glibc and musl alike.</summary>
internal static unsafe partial class Libc
{
    internal const int AF_UNSPEC = 0;
    internal const int AF_INET = 2;
    internal const int AF_BRIDGE = 7;
    internal const int AF_INET6 = 10;
    internal const int AF_NETLINK = 16;

    internal const int SOCK_RAW = 3;
    internal const int SOCK_CLOEXEC = 0x80000;

    internal const int SOL_SOCKET = 1;
    internal const int SO_SNDBUF = 7;
    internal const int SO_RCVBUF = 8;
    internal const int SO_RCVTIMEO = 20;
    internal const int SO_ATTACH_FILTER = 26;
    internal const int SO_SNDBUFFORCE = 32;
    internal const int SO_RCVBUFFORCE = 33;

    internal const int MSG_TRUNC = 0x20;
    internal const int MSG_DONTWAIT = 0x40;

    internal const short POLLIN = 0x1;

    internal const int EFD_NONBLOCK = 0x800;
    internal const int EFD_CLOEXEC = 0x80000;

    internal const nuint SIOCGIFNAME = 0x8910;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial SafeNetlinkSocketHandle socket(int domain, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int bind(SafeNetlinkSocketHandle fd, sockaddr_nl* address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int getsockname(SafeNetlinkSocketHandle fd, sockaddr_nl* address, uint* length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setsockopt(SafeNetlinkSocketHandle fd, int level, int name, void* value, uint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int getsockopt(SafeNetlinkSocketHandle fd, int level, int name, void* value, uint* length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint sendto(
        SafeNetlinkSocketHandle fd, byte* buffer, nuint length, int flags, sockaddr_nl* address, uint addressLength);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint recvfrom(
        SafeNetlinkSocketHandle fd, byte* buffer, nuint length, int flags, sockaddr_nl* address, uint* addressLength);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int ioctl(SafeNetlinkSocketHandle fd, nuint request, ifreq* argument);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int poll(pollfd* fds, nuint count, int timeoutMilliseconds);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial SafeEventHandle eventfd(uint initial, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint write(SafeEventHandle fd, ulong* value, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int close(nint fd);

    [StructLayout(LayoutKind.Sequential)]
    internal struct pollfd
    {
        public int fd;
        public short events;
        public short revents;
    }

    /// <summary>64-bit time_t and suseconds_t, as in every 64-bit ABI.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct timeval
    {
        public long tv_sec;
        public long tv_usec;
    }

    /// <summary>struct ifreq of linux/if.h, with the one member of its union that is used.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 40)]
    internal struct ifreq
    {
        public fixed byte ifr_name[LinuxIf.IFNAMSIZ];
        public int ifr_ifindex;
    }
}

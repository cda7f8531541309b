using System.Runtime.InteropServices;

namespace Flannel.Backends.Udp.Interop;

/// <summary>sys/socket.h, sys/uio.h, netinet/in.h and linux/udp.h; constants and layouts as on x86-64 and arm64, glibc and musl alike.</summary>
internal static unsafe class LinuxSocket
{
    internal const int AF_INET = 2;
    internal const int AF_INET6 = 10;

    internal const int SOCK_DGRAM = 2;
    internal const int SOCK_NONBLOCK = 0x800;
    internal const int SOCK_CLOEXEC = 0x80000;

    internal const int SOL_SOCKET = 1;
    internal const int SO_SNDBUF = 7;
    internal const int SO_RCVBUF = 8;
    internal const int SO_REUSEPORT = 15;
    internal const int SO_SNDBUFFORCE = 32;
    internal const int SO_RCVBUFFORCE = 33;
    internal const int SO_RXQ_OVFL = 40;

    internal const int IPPROTO_UDP = 17;
    internal const int IPPROTO_IPV6 = 41;
    internal const int IPV6_V6ONLY = 26;

    internal const int UDP_SEGMENT = 103;
    internal const int UDP_GRO = 104;

    /// <summary>UDP_MAX_SEGMENTS of the kernels before 6.9, which count a full send's header against it.</summary>
    internal const int UDP_MAX_SEGMENTS = 64;

    internal const int MSG_TRUNC = 0x20;
    internal const int MSG_DONTWAIT = 0x40;

    internal struct iovec
    {
        public void* iov_base;
        public nuint iov_len;
    }

    /// <summary>glibc pads what musl declares narrower; in little-endian order the bytes are the same.</summary>
    internal struct msghdr
    {
        public void* msg_name;
        public uint msg_namelen;
        public iovec* msg_iov;
        public nuint msg_iovlen;
        public void* msg_control;
        public nuint msg_controllen;
        public int msg_flags;
    }

    internal struct mmsghdr
    {
        public msghdr msg_hdr;
        public uint msg_len;
    }

    internal struct cmsghdr
    {
        public nuint cmsg_len;
        public int cmsg_level;
        public int cmsg_type;
    }

    /// <summary>struct sockaddr_in; port and address in network byte order.</summary>
    internal struct sockaddr_in
    {
        public ushort sin_family;
        public ushort sin_port;
        public uint sin_addr;
        public ulong sin_zero;
    }

    /// <summary>struct sockaddr_in6; port and address in network byte order.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct sockaddr_in6
    {
        public ushort sin6_family;
        public ushort sin6_port;
        public uint sin6_flowinfo;
        public fixed byte sin6_addr[16];
        public uint sin6_scope_id;
    }

    /// <summary>CMSG_LEN: a control message's length without padding at its end.</summary>
    internal static nuint CMSG_LEN(int length) => (nuint)(sizeof(cmsghdr) + length);

    /// <summary>CMSG_SPACE: a control message's length with it.</summary>
    internal static nuint CMSG_SPACE(int length) => (nuint)(sizeof(cmsghdr) + ((length + 7) & ~7));
}

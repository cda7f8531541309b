using System.Runtime.CompilerServices;
using Flannel.Netlink.Interop;

namespace Flannel.Netlink.Tests.Interop;

/// <summary>Sizes as a C compiler gives them on x86-64 and arm64; the order of the fields is proven by the golden frames.</summary>
public class StructureSizeTests
{
    [Fact]
    public void Structures_HaveTheKernelsSizes() => Assert.Equal(
        [16, 4, 20, 12, 16, 12, 8, 8, 12, 8, 64, 8, 16, 40, 8, 16, 4],
        [
            Unsafe.SizeOf<nlmsghdr>(),
            Unsafe.SizeOf<nlattr>(),
            Unsafe.SizeOf<nlmsgerr>(),
            Unsafe.SizeOf<sockaddr_nl>(),
            Unsafe.SizeOf<ifinfomsg>(),
            Unsafe.SizeOf<rtmsg>(),
            Unsafe.SizeOf<rtnexthop>(),
            Unsafe.SizeOf<ifaddrmsg>(),
            Unsafe.SizeOf<ndmsg>(),
            Unsafe.SizeOf<nhmsg>(),
            Unsafe.SizeOf<rtnl_link_stats64_head>(),
            Unsafe.SizeOf<Libc.pollfd>(),
            Unsafe.SizeOf<Libc.timeval>(),
            Unsafe.SizeOf<Libc.ifreq>(),
            Unsafe.SizeOf<sock_filter>(),
            Unsafe.SizeOf<sock_fprog>(),
            Unsafe.SizeOf<nfgenmsg>(),
        ]);
}

using System.Runtime.InteropServices;
using Flannel.Backends.Udp.Interop;

namespace Flannel.Backends.Udp.Tests.Interop;

/// <summary>The layouts of the kernel's structures, as on x86-64 and arm64.</summary>
public sealed unsafe class LayoutTests
{
    [Fact]
    public void Structures_HaveTheKernelsSizes()
    {
        Assert.Equal(10, sizeof(LinuxVirtioNet.virtio_net_hdr));
        Assert.Equal(40, sizeof(LinuxIfTun.ifreq));
        Assert.Equal(16, sizeof(LinuxSocket.iovec));
        Assert.Equal(56, sizeof(LinuxSocket.msghdr));
        Assert.Equal(64, sizeof(LinuxSocket.mmsghdr));
        Assert.Equal(16, sizeof(LinuxSocket.cmsghdr));
        Assert.Equal(16, sizeof(LinuxSocket.sockaddr_in));
        Assert.Equal(28, sizeof(LinuxSocket.sockaddr_in6));
        Assert.Equal(8, sizeof(LinuxPoll.pollfd));
    }

    [Theory]
    [InlineData("msg_namelen", 8)]
    [InlineData("msg_iov", 16)]
    [InlineData("msg_iovlen", 24)]
    [InlineData("msg_control", 32)]
    [InlineData("msg_controllen", 40)]
    [InlineData("msg_flags", 48)]
    public void MessageHeader_HasTheKernelsOffsets(string field, int offset) =>
        Assert.Equal(offset, Marshal.OffsetOf<LinuxSocket.msghdr>(field));

    [Theory]
    [InlineData("gso_type", 1)]
    [InlineData("hdr_len", 2)]
    [InlineData("gso_size", 4)]
    [InlineData("csum_start", 6)]
    [InlineData("csum_offset", 8)]
    public void VirtioNetHeader_HasTheKernelsOffsets(string field, int offset) =>
        Assert.Equal(offset, Marshal.OffsetOf<LinuxVirtioNet.virtio_net_hdr>(field));

    [Fact]
    public void ControlMessages_AreMeasuredAsTheKernelDoes()
    {
        Assert.Equal((nuint)18, LinuxSocket.CMSG_LEN(sizeof(ushort)));
        Assert.Equal((nuint)24, LinuxSocket.CMSG_SPACE(sizeof(ushort)));
    }
}

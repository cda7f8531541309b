using Flannel.Backends.Udp.Interop;
using Flannel.Backends.Udp.Sockets;

namespace Flannel.Backends.Udp.Tests.Support;

/// <summary>Options of a data path's socket, to make the kernel behave as another host's would.</summary>
internal static class SocketOptions
{
    public static unsafe void Set(UdpSocket socket, int level, int name, int value) =>
        Assert.Equal(0, Libc.setsockopt(socket.Handle, level, name, &value, sizeof(int)));
}

using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Flannel.Backends.Udp.Interop;
using static Flannel.Backends.Udp.Interop.LinuxSocket;

namespace Flannel.Backends.Udp.Sockets;

/// <summary>The socket that carries the outer packets of one address family, bound to the address and port that peers send to.</summary>
internal sealed unsafe class UdpSocket : IDisposable
{
    /// <summary>The off-loads that are the socket's.</summary>
    public const UdpOffloads Concerned =
        UdpOffloads.SendSegmentation | UdpOffloads.SendBatches | UdpOffloads.ReceiveCoalescing | UdpOffloads.ReceiveBatches;

    private UdpSocket(SafeFileDescriptor handle, IPEndPoint endpoint, UdpOffloads offloads)
    {
        Handle = handle;
        Endpoint = endpoint;
        Offloads = offloads;
    }

    public SafeFileDescriptor Handle { get; }

    /// <summary>The address and port that the socket is bound to.</summary>
    public IPEndPoint Endpoint { get; }

    /// <summary>Whether it carries IPv6.</summary>
    public bool IsIPv6 => Endpoint.AddressFamily == AddressFamily.InterNetworkV6;

    /// <summary>Which of the off-loads that concern the socket the kernel offers.</summary>
    public UdpOffloads Offloads { get; }

    /// <summary>
    /// Opens sockets at one address and port in the calling thread's network namespace. Of several the kernel gives every peer one, by a hash of its
    /// address and port, so that its datagrams stay in order.
    /// </summary>
    /// <param name="endpoint">The external interface's address, and the port.</param>
    /// <param name="wanted">The off-loads that may be used.</param>
    /// <param name="bufferBytes">How much the kernel may hold in each direction, for each of them.</param>
    /// <param name="count">How many.</param>
    /// <exception cref="UdpPortException">The kernel refuses; says what to do.</exception>
    public static IReadOnlyList<UdpSocket> Open(IPEndPoint endpoint, UdpOffloads wanted, int bufferBytes, int count)
    {
        var sockets = new List<UdpSocket>(count);
        try
        {
            // The first alone: a port that another program has is refused, and not shared with it.
            sockets.Add(Open(endpoint, wanted, bufferBytes, isOneOfMany: false));
            if (count > 1 && !TrySet(sockets[0].Handle, SOL_SOCKET, SO_REUSEPORT, 1)) throw Refused(endpoint, Marshal.GetLastPInvokeError());
            while (sockets.Count < count) sockets.Add(Open(endpoint, wanted, bufferBytes, isOneOfMany: true));
            return sockets;
        }
        catch
        {
            foreach (UdpSocket socket in sockets) socket.Dispose();
            throw;
        }
    }

    public void Dispose() => Handle.Dispose();

    private static UdpSocket Open(IPEndPoint endpoint, UdpOffloads wanted, int bufferBytes, bool isOneOfMany)
    {
        bool isIPv6 = endpoint.AddressFamily == AddressFamily.InterNetworkV6;
        SafeFileDescriptor handle = Libc.socket(isIPv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        try
        {
            if (handle.IsInvalid) throw Refused(endpoint, Marshal.GetLastPInvokeError());
            if (isIPv6) TrySet(handle, IPPROTO_IPV6, IPV6_V6ONLY, 1);
            if (isOneOfMany) TrySet(handle, SOL_SOCKET, SO_REUSEPORT, 1);
            var address = new SocketAddress(endpoint.Address, endpoint.Port);
            if (Libc.bind(handle, &address, address.Length) < 0) throw Refused(endpoint, Marshal.GetLastPInvokeError());
            SetBuffers(handle, bufferBytes);
            return new UdpSocket(handle, endpoint, Probe(handle, wanted));
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private static UdpOffloads Probe(SafeFileDescriptor handle, UdpOffloads wanted)
    {
        UdpOffloads offloads = wanted & Concerned;

        // Zero asks whether the option exists and turns nothing on: the size goes with each call.
        if (!TrySet(handle, IPPROTO_UDP, UDP_SEGMENT, 0)) offloads &= ~UdpOffloads.SendSegmentation;
        bool isOn = (offloads & UdpOffloads.ReceiveCoalescing) != 0 && TrySet(handle, IPPROTO_UDP, UDP_GRO, 1);
        return isOn ? offloads : offloads & ~UdpOffloads.ReceiveCoalescing;
    }

    /// <summary>As far as the kernel lets us: beyond its limits with CAP_NET_ADMIN, else up to them.</summary>
    private static void SetBuffers(SafeFileDescriptor handle, int bytes)
    {
        // The kernel doubles the number, for its own overhead.
        if (!TrySet(handle, SOL_SOCKET, SO_RCVBUFFORCE, bytes / 2)) TrySet(handle, SOL_SOCKET, SO_RCVBUF, bytes / 2);
        if (!TrySet(handle, SOL_SOCKET, SO_SNDBUFFORCE, bytes / 2)) TrySet(handle, SOL_SOCKET, SO_SNDBUF, bytes / 2);
    }

    private static bool TrySet(SafeFileDescriptor handle, int level, int name, int value) =>
        Libc.setsockopt(handle, level, name, &value, sizeof(int)) == 0;

    private static UdpPortException Refused(IPEndPoint endpoint, int errno) => errno switch
    {
        LinuxErrno.EADDRINUSE => new UdpPortException(
            endpoint,
            $"The UDP port {endpoint.Port} of {endpoint.Address} is in use by another program (see: ss -ulpn sport = :{endpoint.Port}). " +
            "Stop it, flanneld perhaps, or choose another Port in the network configuration's Backend block, for all hosts.",
            isTransient: false),
        LinuxErrno.EADDRNOTAVAIL => new UdpPortException(
            endpoint,
            $"The UDP port {endpoint.Port} cannot be opened at {endpoint.Address}, because the host does not have this address.",
            isTransient: true),
        LinuxErrno.EACCES => new UdpPortException(
            endpoint,
            $"This process may not open the UDP port {endpoint.Port} of {endpoint.Address}. Choose a Port of 1024 or more in the network " +
            "configuration's Backend block, for all hosts, or grant CAP_NET_BIND_SERVICE.",
            isTransient: false),
        _ => new UdpPortException(
            endpoint, $"The UDP port {endpoint.Port} of {endpoint.Address} cannot be opened (errno {errno}).", isTransient: true),
    };
}

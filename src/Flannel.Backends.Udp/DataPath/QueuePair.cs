using Flannel.Backends.Udp.Interop;
using Flannel.Backends.Udp.Sockets;

namespace Flannel.Backends.Udp.DataPath;

/// <summary>What both threads of a pair hold on to.</summary>
/// <param name="Tun">A queue of the device on the host's side.</param>
/// <param name="HasVirtioHeader">Whether a <c>virtio_net_hdr</c> comes before each packet of the queue.</param>
/// <param name="Socket">The IPv4 socket on the network's side, if there is one.</param>
/// <param name="SocketIPv6">The IPv6 socket, if there is one.</param>
/// <param name="Stop">Ends the threads.</param>
internal sealed record QueuePair(SafeFileDescriptor Tun, bool HasVirtioHeader, UdpSocket? Socket, UdpSocket? SocketIPv6, StopSignal Stop);

using Flannel.Backends.Udp.Sockets;
using Flannel.Backends.Udp.Tun;

namespace Flannel.Backends.Udp.DataPath;

/// <summary>What both threads of a data path hold on to.</summary>
/// <param name="Tun">The device on the host's side.</param>
/// <param name="Socket">The IPv4 socket on the network's side, if there is one.</param>
/// <param name="SocketIPv6">The IPv6 socket, if there is one.</param>
/// <param name="Stop">Ends the threads.</param>
internal sealed record DataPathEnds(TunDevice Tun, UdpSocket? Socket, UdpSocket? SocketIPv6, StopSignal Stop);

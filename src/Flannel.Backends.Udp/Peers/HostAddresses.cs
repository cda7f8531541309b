using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Flannel.Backends.Udp.Packets;

namespace Flannel.Backends.Udp.Peers;

/// <summary>The addresses that this host has itself: what nobody else may send packets from. Immutable.</summary>
/// <param name="addresses">Those of both families; the loopback ones are always among them.</param>
internal sealed class HostAddresses(IReadOnlyCollection<IPAddress> addresses)
{
    private const byte Loopback = 127;

    private readonly HashSet<uint> _ipv4 =
    [
        .. addresses.Where(static address => address.AddressFamily == AddressFamily.InterNetwork)
            .Select(static address => BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes())),
    ];

    private readonly HashSet<UInt128> _ipv6 =
    [
        UInt128.One, // ::1
        .. addresses.Where(static address => address.AddressFamily == AddressFamily.InterNetworkV6)
            .Select(static address => BinaryPrimitives.ReadUInt128BigEndian(address.GetAddressBytes())),
    ];

    /// <summary>Whether a packet's source is an address of this host.</summary>
    public bool HasSource(in IpPacket packet) => packet.IsIPv6
        ? _ipv6.Contains(packet.Source6)
        : packet.Source4 >> 24 == Loopback || _ipv4.Contains(packet.Source4);
}

using System.Buffers.Binary;
using System.Net;
using Flannel.Backends.Udp.Packets;

namespace Flannel.Backends.Udp.Peers;

/// <summary>The node's own subnets: what peers may send packets to, and nobody from. Immutable.</summary>
/// <param name="subnet">The IPv4 subnet, if there is one.</param>
/// <param name="subnetIPv6">The IPv6 subnet, if there is one.</param>
internal sealed class OwnSubnets(IPNetwork? subnet, IPNetwork? subnetIPv6)
{
    private readonly bool _isIPv4 = subnet is not null;
    private readonly bool _isIPv6 = subnetIPv6 is not null;
    private readonly uint _base = subnet is { } ipv4 ? BinaryPrimitives.ReadUInt32BigEndian(ipv4.BaseAddress.GetAddressBytes()) : 0;
    private readonly UInt128 _base6 = subnetIPv6 is { } ipv6 ? BinaryPrimitives.ReadUInt128BigEndian(ipv6.BaseAddress.GetAddressBytes()) : 0;
    private readonly int _hostBits = 32 - (subnet?.PrefixLength ?? 32);
    private readonly int _hostBits6 = 128 - (subnetIPv6?.PrefixLength ?? 128);

    /// <summary>Whether a packet's destination is in a subnet of this node.</summary>
    public bool HasDestination(in IpPacket packet) => packet.IsIPv6
        ? _isIPv6 && IsSame(packet.Destination6 ^ _base6, _hostBits6)
        : _isIPv4 && (ulong)(packet.Destination4 ^ _base) >> _hostBits == 0; // 64 bits: a shift by 32 is one

    /// <summary>Whether a packet's source is in a subnet of this node.</summary>
    public bool HasSource(in IpPacket packet) => packet.IsIPv6
        ? _isIPv6 && IsSame(packet.Source6 ^ _base6, _hostBits6)
        : _isIPv4 && (ulong)(packet.Source4 ^ _base) >> _hostBits == 0;

    private static bool IsSame(UInt128 difference, int hostBits) => hostBits == 128 || difference >> hostBits == 0;
}

using System.Runtime.CompilerServices;
using Flannel.Backends.Udp.Packets;

namespace Flannel.Backends.Udp.Coalescing;

/// <summary>Version, addresses, protocol and ports of a packet, as they lie in memory: what makes two packets one flow.</summary>
internal readonly unsafe struct FlowKey
{
    private readonly ulong _address0, _address1, _address2, _address3;
    private readonly byte _version;
    private readonly byte _protocol;
    private readonly uint _ports;

    private FlowKey(in IpPacket packet, uint ports)
    {
        _protocol = packet.Protocol;
        _ports = ports;
        byte* addresses = packet.Start + 12;
        if (packet.IsIPv6)
        {
            _version = 6;
            addresses = packet.Start + 8;
            _address1 = Unsafe.ReadUnaligned<ulong>(addresses + 8);
            _address2 = Unsafe.ReadUnaligned<ulong>(addresses + 16);
            _address3 = Unsafe.ReadUnaligned<ulong>(addresses + 24);
        }

        _address0 = Unsafe.ReadUnaligned<ulong>(addresses);
    }

    /// <summary>The key of a TCP or UDP packet whose ports stand right behind its IP header.</summary>
    public static FlowKey Of(in IpPacket packet) => new(packet, Unsafe.ReadUnaligned<uint>(packet.Payload));

    /// <summary>The key of a packet whose ports are not known; good for <see cref="HasSameAddresses"/> only.</summary>
    public static FlowKey WithoutPorts(in IpPacket packet) => new(packet, 0);

    public bool IsSameAs(in FlowKey other) => _ports == other._ports && _protocol == other._protocol && HasSameAddresses(other);

    public bool HasSameAddresses(in FlowKey other) =>
        ((_address0 ^ other._address0) | (_address1 ^ other._address1) | (_address2 ^ other._address2) | (_address3 ^ other._address3)) == 0
        && _version == other._version;
}

using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Flannel.Backends.Udp.Packets;
using SocketAddress = Flannel.Backends.Udp.Sockets.SocketAddress;

namespace Flannel.Backends.Udp.Peers;

/// <summary>
/// Which peer has an inner address, and whether an outer packet came from it. Immutable: a change makes a new table, which the threads of the data
/// plane see as soon as the reference is replaced. Lookups allocate nothing.
/// </summary>
internal sealed class PeerTable
{
    // An array for this many subnets is four megabytes; larger networks are searched.
    private const int MaximumDirectBits = 20;

    private const int NotFound = AddressRanges<uint>.NotFound;
    private const int Ambiguous = -2;

    private readonly PeerEndpoint[] _endpoints;
    private readonly Dictionary<(bool IsIPv6, UInt128 Address), PeerEndpoint> _senders = [];
    private readonly AddressRanges<uint> _ranges4;
    private readonly AddressRanges<UInt128> _ranges6;
    private readonly int[] _direct = [];
    private readonly uint _network;
    private readonly int _shift;

    /// <summary>Builds a table.</summary>
    /// <param name="subnets">The peers' subnets. Of equal subnets the last one counts; of nested ones the longest prefix.</param>
    /// <param name="network">The IPv4 network, whose subnets of <paramref name="subnetLength"/> are found by index; null if there is none.</param>
    /// <param name="subnetLength">Prefix length of the network's subnets.</param>
    public PeerTable(IReadOnlyList<PeerSubnet> subnets, IPNetwork? network = null, int subnetLength = 0)
    {
        _endpoints = [.. subnets.Select(subnet => subnet.Endpoint)];
        foreach (PeerEndpoint endpoint in _endpoints) _senders[HostOf(endpoint.Address)] = endpoint;
        var prefixes4 = new List<(uint, uint, int)>(subnets.Count);
        var prefixes6 = new List<(UInt128, UInt128, int)>();
        for (int index = 0; index < subnets.Count; index++)
        {
            IPNetwork subnet = subnets[index].Subnet;
            UInt128 first = NumberOf(subnet.BaseAddress);
            if (subnet.BaseAddress.AddressFamily == AddressFamily.InterNetwork)
                prefixes4.Add(((uint)first, (uint)(first | HostBits(32 - subnet.PrefixLength)), index));
            else
                prefixes6.Add((first, first | HostBits(128 - subnet.PrefixLength), index));
        }

        _ranges4 = new AddressRanges<uint>(prefixes4);
        _ranges6 = new AddressRanges<UInt128>(prefixes6);
        if (network is { BaseAddress.AddressFamily: AddressFamily.InterNetwork } whole
            && subnetLength > 0
            && subnetLength - whole.PrefixLength is >= 0 and <= MaximumDirectBits)
        {
            _network = (uint)NumberOf(whole.BaseAddress);
            _shift = 32 - subnetLength;
            _direct = new int[1 << (subnetLength - whole.PrefixLength)];
            FillDirect();
        }
    }

    /// <summary>The peer that a packet is for, or null.</summary>
    public PeerEndpoint? FindDestination(in IpPacket packet) =>
        At(packet.IsIPv6 ? _ranges6.Find(packet.Destination6) : Find(packet.Destination4));

    /// <summary>The peer that has a packet's source, or null.</summary>
    public PeerEndpoint? FindSource(in IpPacket packet) => At(packet.IsIPv6 ? _ranges6.Find(packet.Source6) : Find(packet.Source4));

    /// <summary>True if the host is a peer's. The port is not looked at: flannel's proxy ignores it, and NAT changes it.</summary>
    public bool IsSender(in SocketAddress host) => _senders.ContainsKey(HostOf(host));

    /// <summary>Whether a packet's source is any peer's: in its subnet, or its public address.</summary>
    public bool HasSource(in IpPacket packet) => FindSource(packet) is not null || _senders.ContainsKey(SourceOf(packet));

    /// <summary>
    /// Checks that a packet's source lies in a subnet of the peer that sent it, as WireGuard does with its allowed addresses, or is that peer's
    /// public address.
    /// </summary>
    /// <param name="sender">Where the outer packet came from.</param>
    /// <param name="packet">The inner packet.</param>
    /// <param name="peer">The peer, or null unless the result is <see cref="PacketDrop.None"/>.</param>
    public PacketDrop CheckSource(in SocketAddress sender, in IpPacket packet, out PeerEndpoint? peer)
    {
        peer = FindSource(packet);
        if (peer is not null && peer.Address.IsSameHost(sender))
            return PacketDrop.None;
        (bool, UInt128) host = HostOf(sender);
        if (!_senders.TryGetValue(host, out peer)) return PacketDrop.UnknownSender;
        if (SourceOf(packet) == host) return PacketDrop.None;
        peer = null;
        return PacketDrop.ForeignSource;
    }

    private PeerEndpoint? At(int index) => index == NotFound ? null : _endpoints[index];

    private int Find(uint address)
    {
        // What lies outside the network wraps around to an index beyond the array.
        uint index = (address - _network) >> _shift;
        int[] direct = _direct;
        if (index < (uint)direct.Length && direct[index] != Ambiguous)
            return direct[index];
        return _ranges4.Find(address);
    }

    /// <summary>Answers for every subnet that is wholly in one range; where a longer prefix lies inside, the ranges are searched.</summary>
    private void FillDirect()
    {
        int range = 0;
        for (int index = 0; index < _direct.Length; index++)
        {
            uint first = _network + ((uint)index << _shift);
            uint last = first + (uint)((1UL << _shift) - 1);
            while (range + 1 < _ranges4.Count && _ranges4.StartOf(range + 1) <= first)
                range++;
            bool isCut = range + 1 < _ranges4.Count && _ranges4.StartOf(range + 1) <= last;
            _direct[index] = isCut ? Ambiguous : _ranges4.RouteOf(range);
        }
    }

    private static (bool IsIPv6, UInt128 Address) HostOf(in SocketAddress host) =>
        (host.IsIPv6, host.IsIPv6 ? NetworkOrder.Swap(host.IPv6) : NetworkOrder.Swap(host.IPv4));

    private static (bool IsIPv6, UInt128 Address) SourceOf(in IpPacket packet) =>
        (packet.IsIPv6, packet.IsIPv6 ? packet.Source6 : packet.Source4);

    private static UInt128 HostBits(int count) => count == 128 ? UInt128.MaxValue : (UInt128.One << count) - 1;

    private static UInt128 NumberOf(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out int length);
        return length == 4 ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }
}

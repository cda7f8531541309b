using System.Buffers.Binary;
using Flannel.Backends.Udp.Interop;
using Flannel.Backends.Udp.Packets;
using Flannel.Backends.Udp.Tests.Segmentation;

namespace Flannel.Backends.Udp.Tests.Coalescing;

/// <summary>
/// Which packets belong into one write, decided without comparing fields: a packet joins the run of its flow if segmenting the run with it gives
/// back every packet. Only what may never join, and how much, is a rule.
/// </summary>
internal sealed class SlowCoalescer(int maximumSegments, int maximumBytes, bool tcp, bool udp)
{
    private const int MaximumOpenRuns = 16;

    private readonly List<List<byte[]>> _runs = [];
    private readonly List<(string Flow, string Addresses, List<byte[]> Run)> _open = []; // the last used last

    public static List<List<byte[]>> Coalesce(int maximumSegments, int maximumBytes, bool tcp, bool udp, IEnumerable<byte[]> packets)
    {
        var coalescer = new SlowCoalescer(maximumSegments, maximumBytes, tcp, udp);
        foreach (byte[] packet in packets)
            coalescer.Add(packet);
        return coalescer._runs;
    }

    /// <summary>An unfragmentable IPv4 packet with another identification (RFC 6864 §4.1: it means nothing); any other packet as it is.</summary>
    public static byte[] Renumbered(byte[] packet, ReadOnlySpan<byte> identification)
    {
        if (packet[0] >> 4 != 4 || (packet[6] & 0x40) == 0 || packet.AsSpan(4, 2).SequenceEqual(identification))
            return packet;
        byte[] renumbered = [.. packet];
        int sum = Word(packet, 10) + Word(packet, 4) + (ushort)~BinaryPrimitives.ReadUInt16BigEndian(identification);
        sum = (sum & 0xFFFF) + (sum >> 16);
        sum = (sum & 0xFFFF) + (sum >> 16);
        identification.CopyTo(renumbered.AsSpan(4));
        BinaryPrimitives.WriteUInt16BigEndian(renumbered.AsSpan(10), (ushort)(sum == 0xFFFF ? 0 : sum));
        return renumbered;
    }

    private void Add(byte[] packet)
    {
        bool isIPv6 = packet[0] >> 4 == 6;
        string addresses = Convert.ToHexString(isIPv6 ? packet.AsSpan(8, 32) : packet.AsSpan(12, 8));
        int ip = isIPv6 ? 40 : 20;
        byte protocol = packet[isIPv6 ? 6 : 9];
        bool isPlain = isIPv6 || (packet[0] == 0x45 && (Word(packet, 6) & 0x3FFF) == 0);
        int minimum = protocol switch { IpProtocol.Tcp => 20, IpProtocol.Udp => 8, _ => int.MaxValue };
        if (!isPlain || packet.Length - ip < minimum)
        {
            _open.RemoveAll(open => open.Addresses == addresses);
            _runs.Add([packet]);
            return;
        }

        string flow = addresses + protocol + Convert.ToHexString(packet.AsSpan(ip, 4));
        bool isTcp = protocol == IpProtocol.Tcp;
        int header = ip + (isTcp ? (packet[ip + 12] >> 4) * 4 : 8);
        int payload = packet.Length - header;
        bool isSane = isTcp
            ? header - ip >= 20 && payload > 0 && Word(packet, ip + 16) != 0xFFFF && (packet[ip + 13] & 0xB7) == 0x10
            : payload > 0 && Word(packet, ip + 4) == packet.Length - ip && Word(packet, ip + 6) != 0;
        if (isTcp && header - ip >= 20 && payload == 0 && (packet[ip + 13] & 0xBF) == 0x10)
        {
            _runs.Add([packet]);
            return;
        }

        int found = _open.FindIndex(open => open.Flow == flow);
        if (!isSane || !(isTcp ? tcp : udp))
        {
            if (found >= 0)
                _open.RemoveAt(found);
            _runs.Add([packet]);
            return;
        }

        List<byte[]> run = [];
        if (found >= 0)
        {
            run = _open[found].Run;
            _open.RemoveAt(found);
        }

        if (run.Count > 0 && run.Count < maximumSegments && SegmentsComeBack([.. run, packet], header))
        {
            run.Add(packet);
        }
        else
        {
            run = [packet];
            _runs.Add(run);
        }

        bool isComplete = run.Count == maximumSegments || packet.Length < run[0].Length || (isTcp && (packet[ip + 13] & 8) != 0);
        if (!isComplete)
            _open.Add((flow, addresses, run));
        if (_open.Count > MaximumOpenRuns)
            _open.RemoveAt(0);
    }

    private bool SegmentsComeBack(List<byte[]> packets, int header)
    {
        if (packets.Exists(packet => packet.Length <= header))
            return false; // the header of the last one is longer than another packet
        var bytes = new List<byte>(packets[0]);
        foreach (byte[] packet in packets.Skip(1))
            bytes.AddRange(packet.AsSpan(header));
        byte[] super = [.. bytes];
        if (super.Length > maximumBytes)
            return false;
        bool isIPv6 = super[0] >> 4 == 6;
        bool isUdp = super[isIPv6 ? 6 : 9] == IpProtocol.Udp;
        if (!isUdp)
            super[(isIPv6 ? 40 : 20) + 13] |= packets[^1][(isIPv6 ? 40 : 20) + 13];
        var offload = new LinuxVirtioNet.virtio_net_hdr
        {
            gso_type = isUdp ? LinuxVirtioNet.VIRTIO_NET_HDR_GSO_UDP_L4 : LinuxVirtioNet.VIRTIO_NET_HDR_GSO_TCPV4,
            gso_size = (ushort)(packets[0].Length - header),
        };
        List<byte[]> segments = SlowSegmenter.Split(offload, super);
        return segments.Count == packets.Count
            && segments.Zip(packets).All(pair => pair.First.AsSpan().SequenceEqual(Renumbered(pair.Second, pair.First.AsSpan(4, 2))));
    }

    private static int Word(byte[] bytes, int offset) => BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(offset));
}

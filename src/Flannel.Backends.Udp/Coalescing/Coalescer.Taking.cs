using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Flannel.Backends.Udp.Checksums;
using Flannel.Backends.Udp.Interop;
using Flannel.Backends.Udp.Packets;
using Flannel.Backends.Udp.Segmentation;

namespace Flannel.Backends.Udp.Coalescing;

internal sealed unsafe partial class Coalescer
{
    private const int OffloadHeaderLength = 10;
    private const int HeaderBufferLength = OffloadHeaderLength + SegmentPlan.MaximumHeaderLength;

    // Pinned for good, so that the kernel reads them where they are.
    private readonly LinuxSocket.iovec[] _vectors;
    private readonly byte[] _header;
    private int _taken;
    private int _nextSingle = None;

    /// <summary>Takes the next write of the batch. After the last one the batch is empty and takes packets again.</summary>
    /// <param name="write">What to write.</param>
    /// <returns>False if there is none.</returns>
    public bool TryTake(out GatheredWrite write)
    {
        if (_nextSingle != None)
        {
            write = Single(_packets[_nextSingle]);
            _nextSingle = _following[_nextSingle];
            return true;
        }

        if (_taken < _runCount)
        {
            ref Run run = ref _runs[_taken++];
            write = run.Count == 1 ? Single(run.First) : Superpacket(run);
            return true;
        }

        Clear();
        write = default;
        return false;
    }

    /// <summary>
    /// Gives out the packets of the superpacket taken last once more, one by one, before anything else. For a kernel that refused it: the packets
    /// are untouched.
    /// </summary>
    public void TakeAgainOneByOne() => _nextSingle = _runs[_taken - 1].Head;

    /// <summary>Forgets the batch.</summary>
    public void Clear()
    {
        _packetCount = 0;
        _runCount = 0;
        _openCount = 0;
        _taken = 0;
        _nextSingle = None;
    }

    private GatheredWrite Single(in IpPacket packet)
    {
        // A header of zeros: no offload, and the checksum is verified by whoever receives the packet.
        _header.AsSpan(0, OffloadHeaderLength).Clear();
        SetVector(0, Address(_header), OffloadHeaderLength);
        SetVector(1, packet.Start, packet.Length);
        return new GatheredWrite(Address(_vectors), 2, OffloadHeaderLength + packet.Length, 1);
    }

    private GatheredWrite Superpacket(in Run run)
    {
        WriteSuperHeader(run, Address(_header) + OffloadHeaderLength);
        Unsafe.WriteUnaligned(Address(_header), OffloadOf(run));
        SetVector(0, Address(_header), OffloadHeaderLength + run.HeaderLength);
        int count = 1;
        for (int index = run.Head; index != None; index = _following[index])
            SetVector(count++, _packets[index].Start + run.HeaderLength, _packets[index].Length - run.HeaderLength);
        return new GatheredWrite(Address(_vectors), count, OffloadHeaderLength + run.HeaderLength + run.PayloadLength, run.Count);
    }

    private static LinuxVirtioNet.virtio_net_hdr OffloadOf(in Run run) => new()
    {
        flags = LinuxVirtioNet.VIRTIO_NET_HDR_F_NEEDS_CSUM,
        gso_type = run.IsTcp
            ? run.First.IsIPv6 ? LinuxVirtioNet.VIRTIO_NET_HDR_GSO_TCPV6 : LinuxVirtioNet.VIRTIO_NET_HDR_GSO_TCPV4
            : LinuxVirtioNet.VIRTIO_NET_HDR_GSO_UDP_L4,
        hdr_len = (ushort)run.HeaderLength,
        gso_size = (ushort)run.SegmentSize,
        csum_start = (ushort)run.First.HeaderLength,
        csum_offset = run.IsTcp ? (ushort)InternetChecksum.TcpChecksumOffset : (ushort)InternetChecksum.UdpChecksumOffset,
    };

    private void WriteSuperHeader(in Run run, byte* header)
    {
        Unsafe.CopyBlockUnaligned(header, run.First.Start, (uint)run.HeaderLength);
        int totalLength = run.HeaderLength + run.PayloadLength;
        if (run.First.IsIPv6)
        {
            NetworkOrder.WriteUInt16(header + 4, totalLength - IpPacket.IPv6HeaderLength);
        }
        else
        {
            NetworkOrder.WriteUInt16(header + 2, totalLength);
            NetworkOrder.WriteUInt16(header + 10, 0);
            Unsafe.WriteUnaligned(header + 10, InternetChecksum.Complement(InternetChecksum.SumScalar(header, run.First.HeaderLength)));
        }

        byte* transport = header + run.First.HeaderLength;
        int transportLength = totalLength - run.First.HeaderLength;
        ulong sum = InternetChecksum.SumPseudoHeader(run.First, run.First.Protocol) + InternetChecksum.Word(transportLength);
        ushort pseudo = InternetChecksum.Fold(sum); // what CHECKSUM_PARTIAL starts from, not complemented
        if (run.IsTcp)
        {
            transport[13] |= (byte)(_packets[run.Tail].Payload[13] & TcpFlags.Push);
            Unsafe.WriteUnaligned(transport + InternetChecksum.TcpChecksumOffset, pseudo);
        }
        else
        {
            NetworkOrder.WriteUInt16(transport + 4, transportLength);
            Unsafe.WriteUnaligned(transport + InternetChecksum.UdpChecksumOffset, pseudo);
        }
    }

    private void SetVector(int index, byte* start, int length) =>
        _vectors[index] = new LinuxSocket.iovec { iov_base = start, iov_len = (nuint)length };

    private static T* Address<T>(T[] pinned)
        where T : unmanaged => (T*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(pinned));
}

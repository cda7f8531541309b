using Flannel.Backends.Udp.Packets;

namespace Flannel.Backends.Udp.Coalescing;

/// <summary>
/// Makes few large writes of many received packets, as the kernel's GRO does: what segmenting a superpacket gives is exactly what came, the
/// identification of unfragmentable IPv4 packets aside. Payloads are not copied.
/// </summary>
/// <remarks>
/// One batch at a time: <see cref="Add"/> packets until the source is dry or the batch full, then <see cref="TryTake"/> until it says no. The
/// memory of the packets must not change in between. Writes come in the order in which their first packets came, so every flow keeps its order.
/// Nothing is allocated after construction. For one thread.
/// </remarks>
internal sealed partial class Coalescer
{
    private const int MaximumOpenRuns = 16;
    private const int None = -1;

    private readonly CoalescingLimits _limits;
    private readonly IpPacket[] _packets;
    private readonly int[] _following; // for every packet the next one of its run
    private readonly Run[] _runs;      // in order of creation
    private readonly int[] _open = new int[MaximumOpenRuns]; // runs that may still grow, the last used first
    private int _packetCount;
    private int _runCount;
    private int _openCount;

    public Coalescer(CoalescingLimits limits)
    {
        _limits = limits;
        _packets = new IpPacket[limits.Packets];
        _following = new int[limits.Packets];
        _runs = new Run[limits.Packets];
        _vectors = GC.AllocateArray<Interop.LinuxSocket.iovec>(1 + limits.Segments, pinned: true);
        _header = GC.AllocateArray<byte>(HeaderBufferLength, pinned: true);
    }

    /// <summary>False stops merging: every packet is written as it came. For kernels that refuse superpackets after all.</summary>
    public bool IsEnabled { get; set; } = true;

    /// <summary>Takes a packet into the batch.</summary>
    /// <param name="packet">A packet in its final form, hop limit included.</param>
    /// <returns>False if the batch is full: take everything out, then add the packet again.</returns>
    public bool Add(in IpPacket packet)
    {
        if (_packetCount == _packets.Length)
            return false;
        CoalescingClass kind = Classifier.Classify(packet, out FlowKey key, out int headerLength);
        switch (kind)
        {
            case CoalescingClass.Mergeable when IsEnabled && (packet.Protocol == IpProtocol.Tcp ? _limits.Tcp : _limits.Udp):
                Merge(packet, key, headerLength);
                return true;
            case CoalescingClass.Opaque:
                SealBetweenAddresses(key);
                break;
            case not CoalescingClass.Acknowledgement:
                SealFlow(key);
                break;
        }

        Begin(packet, key, headerLength);
        return true;
    }

    private void Merge(in IpPacket packet, in FlowKey key, int headerLength)
    {
        int position = FindOpen(key);
        if (position != None)
        {
            int index = _open[position];
            if (TryExtend(ref _runs[index], packet, headerLength))
            {
                if (IsComplete(_runs[index], packet, headerLength))
                    Seal(position);
                else
                    MoveToFront(position);
                return;
            }

            Seal(position);
        }

        Begin(packet, key, headerLength);
        if (!IsComplete(_runs[_runCount - 1], packet, headerLength))
            Open(_runCount - 1);
    }

    private bool TryExtend(ref Run run, in IpPacket packet, int headerLength)
    {
        int payloadLength = packet.Length - headerLength;
        if (run.HeaderLength + run.PayloadLength + payloadLength > _limits.Bytes || !run.Continues(packet, headerLength))
            return false;
        _following[run.Tail] = _packetCount;
        run.Tail = Append(packet);
        run.Count++;
        run.PayloadLength += payloadLength;
        return true;
    }

    /// <summary>True if nothing can follow <paramref name="last"/>: it is full, pushed, or ended by a packet shorter than the others.</summary>
    private unsafe bool IsComplete(in Run run, in IpPacket last, int headerLength) =>
        run.Count == _limits.Segments
        || last.Length - headerLength < run.SegmentSize
        || (run.IsTcp && (last.Payload[13] & TcpFlags.Push) != 0);

    private void Begin(in IpPacket packet, in FlowKey key, int headerLength)
    {
        int index = Append(packet);
        _runs[_runCount++] = new Run
        {
            Key = key,
            First = packet,
            Head = index,
            Tail = index,
            Count = 1,
            HeaderLength = headerLength,
            SegmentSize = packet.Length - headerLength,
            PayloadLength = packet.Length - headerLength,
        };
    }

    private int Append(in IpPacket packet)
    {
        _packets[_packetCount] = packet;
        _following[_packetCount] = None;
        return _packetCount++;
    }

    private int FindOpen(in FlowKey key)
    {
        for (int position = 0; position < _openCount; position++)
        {
            if (_runs[_open[position]].Key.IsSameAs(key))
                return position;
        }

        return None;
    }

    private void Open(int run)
    {
        // The run that was not used for longest makes room; it is complete as it is.
        _openCount = Math.Min(_openCount + 1, MaximumOpenRuns);
        _open[_openCount - 1] = run;
        MoveToFront(_openCount - 1);
    }

    private void MoveToFront(int position)
    {
        int run = _open[position];
        for (; position > 0; position--)
            _open[position] = _open[position - 1];
        _open[0] = run;
    }

    private void SealFlow(in FlowKey key)
    {
        int position = FindOpen(key);
        if (position != None)
            Seal(position);
    }

    private void SealBetweenAddresses(in FlowKey key)
    {
        for (int position = _openCount - 1; position >= 0; position--)
        {
            if (_runs[_open[position]].Key.HasSameAddresses(key))
                Seal(position);
        }
    }

    private void Seal(int position)
    {
        _openCount--;
        for (; position < _openCount; position++)
            _open[position] = _open[position + 1];
    }
}

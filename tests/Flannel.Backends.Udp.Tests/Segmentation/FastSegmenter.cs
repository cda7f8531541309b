using Flannel.Backends.Udp.Interop;
using Flannel.Backends.Udp.Packets;
using Flannel.Backends.Udp.Segmentation;
using Flannel.Backends.Udp.Tests.Packets;

namespace Flannel.Backends.Udp.Tests.Segmentation;

/// <summary>Runs a plan to its end and puts headers and payloads together, as the gathered send does. Both buffers end at a guard page.</summary>
internal static unsafe class FastSegmenter
{
    public static PacketDrop TrySplit(
        GuardedMemory memory, in LinuxVirtioNet.virtio_net_hdr offload, ReadOnlySpan<byte> bytes, int maximumLength, out List<byte[]> segments)
    {
        segments = [];
        byte* start = memory.Place(bytes, 0);
        PacketDrop drop = IpPacket.Parse(start, bytes.Length, out IpPacket packet);
        if (drop != PacketDrop.None)
            return drop;
        drop = SegmentPlan.Create(offload, packet, maximumLength, out SegmentPlan plan);
        if (drop != PacketDrop.None)
            return drop;

        byte* header = memory.Reserve(plan.HeaderLength, 1);
        Assert.InRange(plan.HeaderLength, 28, SegmentPlan.MaximumHeaderLength);
        for (int index = 0; index < plan.Count; index++)
        {
            plan.StampHeader(index, header);
            var payload = new ReadOnlySpan<byte>(plan.PayloadAt(index), plan.PayloadLengthAt(index));
            segments.Add([.. new ReadOnlySpan<byte>(header, plan.HeaderLength), .. payload]);
        }

        return PacketDrop.None;
    }
}

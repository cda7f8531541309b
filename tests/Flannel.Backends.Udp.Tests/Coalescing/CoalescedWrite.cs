using System.Runtime.InteropServices;
using Flannel.Backends.Udp.Coalescing;
using Flannel.Backends.Udp.Interop;
using Flannel.Backends.Udp.Packets;
using Flannel.Backends.Udp.Tests.Packets;
using Flannel.Backends.Udp.Tests.Segmentation;

namespace Flannel.Backends.Udp.Tests.Coalescing;

/// <summary>One write into the device, its pieces put together.</summary>
internal sealed unsafe class CoalescedWrite
{
    private CoalescedWrite(in GatheredWrite write)
    {
        var bytes = new List<byte>();
        foreach (LinuxSocket.iovec vector in new ReadOnlySpan<LinuxSocket.iovec>(write.Vectors, write.VectorCount))
            bytes.AddRange(new ReadOnlySpan<byte>(vector.iov_base, (int)vector.iov_len));
        Assert.Equal(write.Length, bytes.Count);
        Offload = MemoryMarshal.Read<LinuxVirtioNet.virtio_net_hdr>(CollectionsMarshal.AsSpan(bytes));
        Packet = [.. CollectionsMarshal.AsSpan(bytes)[10..]];
        Packets = write.Packets;
    }

    public LinuxVirtioNet.virtio_net_hdr Offload { get; }

    public byte[] Packet { get; }

    public int Packets { get; }

    /// <summary>Puts packets into a coalescer and takes out all writes. Every packet ends at a guard page.</summary>
    public static List<CoalescedWrite> Of(GuardedMemory memory, Coalescer coalescer, params IReadOnlyList<byte[]> packets)
    {
        for (int index = 0; index < packets.Count; index++)
        {
            if (IpPacket.Parse(memory.Place(packets[index], index), packets[index].Length, out IpPacket packet) == PacketDrop.None)
                Assert.True(coalescer.Add(packet));
        }

        return Take(coalescer);
    }

    public static List<CoalescedWrite> Take(Coalescer coalescer)
    {
        var writes = new List<CoalescedWrite>();
        while (coalescer.TryTake(out GatheredWrite write))
            writes.Add(new CoalescedWrite(write));
        return writes;
    }

    /// <summary>Takes only the next write.</summary>
    public static CoalescedWrite TakeOne(Coalescer coalescer)
    {
        Assert.True(coalescer.TryTake(out GatheredWrite write));
        return new CoalescedWrite(write);
    }

    /// <summary>What the kernel makes of it, where it has to segment.</summary>
    public IReadOnlyList<byte[]> Segments()
    {
        if (Packets > 1)
            return SlowSegmenter.Split(Offload, Packet);
        Assert.Equal(default, Offload);
        return [Packet];
    }
}

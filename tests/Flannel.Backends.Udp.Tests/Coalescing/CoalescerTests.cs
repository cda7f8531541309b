using Flannel.Backends.Udp.Coalescing;
using Flannel.Backends.Udp.Interop;
using Flannel.Backends.Udp.Packets;
using Flannel.Backends.Udp.Tests.Packets;

namespace Flannel.Backends.Udp.Tests.Coalescing;

public sealed unsafe class CoalescerTests : IDisposable
{
    private readonly GuardedMemory _memory = new(100);

    [Fact]
    public void TryTake_ThreeSegments_GivesTheseBytes()
    {
        PacketImage image = new() { Sequence = 1, Identification = 5, Payload = [.. "abc"u8] };

        List<CoalescedWrite> writes = Coalesce(
            new CoalescingLimits(),
            image,
            image with { Sequence = 4, Identification = 6, Payload = [.. "def"u8] },
            image with { Sequence = 7, Identification = 7, Payload = [.. "g"u8], Flags = TcpFlags.Ack | TcpFlags.Push });

        CoalescedWrite write = Assert.Single(writes);
        Assert.Equal(3, write.Packets);
        Assert.Equal(
            new LinuxVirtioNet.virtio_net_hdr { flags = 1, gso_type = 1, hdr_len = 40, gso_size = 3, csum_start = 20, csum_offset = 16 },
            write.Offload);
        Assert.Equal(
            "4500002f00054000400623b80a0501010a05020227110050000000010000004d501801f4172e0000" + "61626364656667",
            Convert.ToHexStringLower(write.Packet));
    }

    [Fact]
    public void TryTake_ThreeDatagrams_GivesTheseBytes()
    {
        PacketImage image = new() { IsIPv6 = true, Protocol = IpProtocol.Udp, Payload = [.. "abc"u8] };

        List<CoalescedWrite> writes = Coalesce(
            new CoalescingLimits(), image, image with { Payload = [.. "def"u8] }, image with { Payload = [.. "g"u8] }, image);

        Assert.Equal([3, 1], writes.Select(write => write.Packets));
        Assert.Equal(
            new LinuxVirtioNet.virtio_net_hdr { flags = 1, gso_type = 5, hdr_len = 48, gso_size = 3, csum_start = 40, csum_offset = 6 },
            writes[0].Offload);
        Assert.Equal(
            "60000009000f1140" + "fd000000000000000000000000000001" + "fd010000000000000000000000000002" + "27110035000ffa25" + "61626364656667",
            Convert.ToHexStringLower(writes[0].Packet));
    }

    [Fact]
    public void TryTake_OnePacket_IsAsItCame()
    {
        PacketImage image = new() { Payload = [1, 2, 3], HasBadChecksum = true };

        CoalescedWrite write = Assert.Single(Coalesce(new CoalescingLimits(), image));

        Assert.Equal(default, write.Offload);
        Assert.Equal(image.ToBytes(), write.Packet);
    }

    [Fact]
    public void Add_Acknowledgements_DoNotEndARun()
    {
        PacketImage image = new() { Payload = [1, 2, 3] };

        List<CoalescedWrite> writes = Coalesce(
            new CoalescingLimits(), image, image with { Sequence = 1003, Payload = [] }, image with { Sequence = 1003, Identification = 2 });

        Assert.Equal([2, 1], writes.Select(write => write.Packets));
    }

    [Fact]
    public void Add_Fragment_EndsTheRunsBetweenItsAddresses()
    {
        PacketImage image = new() { Payload = [1, 2, 3] };
        PacketImage other = image with { Flow = 7 };

        List<CoalescedWrite> writes = Coalesce(
            new CoalescingLimits(), image, other, image with { FragmentField = 1 }, image with { Sequence = 1003 }, other with { Sequence = 1003 });

        Assert.Equal([1, 2, 1, 1], writes.Select(write => write.Packets));
    }

    [Fact]
    public void Add_FullBatch_SaysSoAndGoesOnWhenTaken()
    {
        var coalescer = new Coalescer(new CoalescingLimits { Packets = 2 });
        IpPacket packet = Parse(new PacketImage { Payload = [1] }, 0);

        Assert.True(coalescer.Add(packet));
        Assert.True(coalescer.Add(packet));
        Assert.False(coalescer.Add(packet));
        Assert.Equal(2, CoalescedWrite.Take(coalescer).Count);
        Assert.True(coalescer.Add(packet));
        Assert.Single(CoalescedWrite.Take(coalescer));
    }

    [Fact]
    public void TakeAgainOneByOne_RefusedSuperpacket_GivesItsPackets()
    {
        PacketImage first = new() { Payload = [1, 2, 3] };
        PacketImage second = first with { Sequence = 1003, Identification = 2 };
        PacketImage other = first with { Flow = 9 };
        var coalescer = new Coalescer(new CoalescingLimits());
        foreach ((int index, PacketImage image) in new[] { first, other, second }.Index())
            coalescer.Add(Parse(image, index));
        Assert.Equal(2, CoalescedWrite.TakeOne(coalescer).Packets);

        coalescer.TakeAgainOneByOne();

        Assert.Equal([first.ToBytes(), second.ToBytes(), other.ToBytes()], CoalescedWrite.Take(coalescer).Select(write => write.Packet));
    }

    [Fact]
    public void IsEnabled_False_MergesNothing()
    {
        PacketImage image = new() { Protocol = IpProtocol.Udp, Payload = [1, 2, 3] };
        byte[] bytes = image.ToBytes();

        List<CoalescedWrite> writes = CoalescedWrite.Of(_memory, new Coalescer(new CoalescingLimits()) { IsEnabled = false }, bytes, bytes);

        Assert.Equal([bytes, bytes], writes.Select(write => write.Packet));
    }

    [Fact]
    public void Clear_FullBatch_IsForgotten()
    {
        var coalescer = new Coalescer(new CoalescingLimits());
        coalescer.Add(Parse(new PacketImage { Payload = [1] }, 0));

        coalescer.Clear();

        Assert.Empty(CoalescedWrite.Take(coalescer));
    }

    [Fact]
    public void Batches_OneAfterTheOther_AllocateNothing()
    {
        var coalescer = new Coalescer(new CoalescingLimits { Packets = 80 });
        IpPacket packet = Parse(new PacketImage { Protocol = IpProtocol.Udp, Payload = [1, 2, 3] }, 0);
        Pass();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int pass = 0; pass < 5000; pass++)
            Pass();

        // The runtime may allocate a little for itself while it compiles; an object per packet or batch would be more than that.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100 * 1024);

        void Pass()
        {
            while (coalescer.Add(packet)) { }
            while (coalescer.TryTake(out _)) { }
        }
    }

    public void Dispose() => _memory.Dispose();

    private List<CoalescedWrite> Coalesce(CoalescingLimits limits, params PacketImage[] images) =>
        CoalescedWrite.Of(_memory, new Coalescer(limits), [.. images.Select(image => image.ToBytes())]);

    private IpPacket Parse(PacketImage image, int slot)
    {
        byte[] bytes = image.ToBytes();
        Assert.Equal(PacketDrop.None, IpPacket.Parse(_memory.Place(bytes, slot), bytes.Length, out IpPacket packet));
        return packet;
    }
}

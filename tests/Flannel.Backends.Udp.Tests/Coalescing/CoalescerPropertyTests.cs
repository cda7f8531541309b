using Flannel.Backends.Udp.Coalescing;
using Flannel.Backends.Udp.Packets;
using Flannel.Backends.Udp.Tests.Packets;
using Flannel.Backends.Udp.Tests.Segmentation;
using FsCheck;
using FsCheck.Fluent;

namespace Flannel.Backends.Udp.Tests.Coalescing;

/// <summary>What comes out is what went in, and as much of it at once as may be.</summary>
public sealed class CoalescerPropertyTests : IDisposable
{
    private const int BatchSize = 80;

    private readonly GuardedMemory _memory = new(BatchSize);

    [Fact]
    public void Coalesce_AnyTraffic_MakesTheRunsOfTheModel() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(400),
        Prop.ForAll(Seeds.Any, seed =>
        {
            (CoalescingLimits limits, List<byte[]> packets) = Batch(new Random(seed));

            List<CoalescedWrite> writes = CoalescedWrite.Of(_memory, new Coalescer(limits), packets);

            List<List<byte[]>> runs = SlowCoalescer.Coalesce(limits.Segments, limits.Bytes, limits.Tcp, limits.Udp, packets.Select(Trimmed));
            Assert.Equal(runs.Select(run => run.Count), writes.Select(write => write.Packets));
            foreach ((List<byte[]> run, CoalescedWrite write) in runs.Zip(writes))
                AssertSame(run, write.Segments());
        }));

    [Fact]
    public void SplitOfCoalesce_AnyTraffic_GivesBackThePackets() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(400),
        Prop.ForAll(Seeds.Any, seed =>
        {
            (CoalescingLimits limits, List<byte[]> packets) = Batch(new Random(seed));
            using var memory = new GuardedMemory(2);
            var segments = new List<byte[]>();
            foreach (CoalescedWrite write in CoalescedWrite.Of(_memory, new Coalescer(limits), packets))
            {
                List<byte[]> split = [write.Packet];
                if (write.Packets > 1)
                    Assert.Equal(PacketDrop.None, FastSegmenter.TrySplit(memory, write.Offload, write.Packet, 65535, out split));
                segments.AddRange(split);
            }

            // Nothing lost, nothing invented, and every flow in its order; only acknowledgements may be overtaken.
            List<byte[]> expected = [.. packets.Select(Trimmed)];
            foreach (IGrouping<string, byte[]> flow in expected.GroupBy(FlowOf))
                AssertSame([.. flow], [.. segments.Where(segment => FlowOf(segment) == flow.Key)]);
            Assert.Equal(expected.Count, segments.Count);
        }));

    [Fact]
    public void Coalesce_HostilePackets_StaysInside() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(2000),
        Prop.ForAll(Seeds.Any, seed =>
        {
            var random = new Random(seed);
            byte[][] packets = [.. Enumerable.Range(0, 20).Select(_ => HostileBytes.Next(random))];
            packets[1] = packets[0];

            List<CoalescedWrite> writes = CoalescedWrite.Of(_memory, new Coalescer(new CoalescingLimits { Packets = BatchSize }), packets);

            Assert.True(writes.Sum(write => write.Packets) <= packets.Length);
        }));

    public void Dispose() => _memory.Dispose();

    private static (CoalescingLimits Limits, List<byte[]> Packets) Batch(Random random)
    {
        var limits = new CoalescingLimits
        {
            Packets = BatchSize,
            Segments = random.Next(4) == 0 ? random.Next(1, 10) : 64,
            Bytes = random.Next(4) == 0 ? random.Next(1000, 30_000) : 65535,
            Tcp = random.Next(10) != 0,
            Udp = random.Next(10) != 0,
        };
        var traffic = new Traffic(random, random.Next(4) == 0 ? random.Next(1, 40) : random.Next(1, 4));
        return (limits, [.. Enumerable.Range(0, BatchSize).Select(_ => traffic.Next())]);
    }

    private static byte[] Trimmed(byte[] bytes) =>
        bytes[..(bytes[0] >> 4 == 6 ? 40 + ((bytes[4] << 8) | bytes[5]) : (bytes[2] << 8) | bytes[3])];

    private static void AssertSame(List<byte[]> expected, IReadOnlyList<byte[]> actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        foreach ((byte[] packet, byte[] segment) in expected.Zip(actual))
            Assert.Equal(SlowCoalescer.Renumbered(packet, segment.AsSpan(4, 2)), segment);
    }

    /// <summary>What keeps its order: a flow, its acknowledgements for themselves, and what has no ports between two addresses.</summary>
    private static string FlowOf(byte[] packet)
    {
        bool isIPv6 = packet[0] >> 4 == 6;
        int ip = isIPv6 ? 40 : (packet[0] & 15) * 4;
        byte protocol = packet[isIPv6 ? 6 : 9];
        string addresses = Convert.ToHexString(isIPv6 ? packet.AsSpan(8, 32) : packet.AsSpan(12, 8));
        bool isFragment = !isIPv6 && (((packet[6] << 8) | packet[7]) & 0x3FFF) != 0;
        if (isFragment || protocol is not (IpProtocol.Tcp or IpProtocol.Udp) || packet.Length < ip + (protocol == IpProtocol.Tcp ? 20 : 8))
            return addresses;
        bool isAcknowledgement = protocol == IpProtocol.Tcp
            && (packet[ip + 13] & 0xBF) == TcpFlags.Ack
            && packet.Length == ip + ((packet[ip + 12] >> 4) * 4);
        return $"{addresses} {protocol} {Convert.ToHexString(packet.AsSpan(ip, 4))} {isAcknowledgement}";
    }
}

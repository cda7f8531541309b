using Flannel.Backends.Udp.Packets;

namespace Flannel.Backends.Udp.DataPath;

/// <summary>
/// What one thread of the data path did. It alone writes, with plain additions; others read and may see a number a moment old. 64-bit numbers are
/// read whole on the platforms this runs on.
/// </summary>
/// <param name="pair">Which pair of threads it belongs to, from 0.</param>
internal sealed class ThreadCounters(int pair)
{
    /// <summary>How many <see cref="PacketDrop"/> there are.</summary>
    public const int Reasons = (int)PacketDrop.Refused + 1;

    // Far enough from its neighbours on the heap that threads do not share a cache line.
    private const int Padding = 16;

    private readonly long[] _drops = new long[Padding + Reasons + Padding];

    /// <summary>Which pair of threads it belongs to; the place of its counts in a peer's <see cref="Peers.PeerEndpoint.Counters"/>.</summary>
    public int Pair { get; } = pair;

    /// <summary>Packets carried, each segment counted.</summary>
    public long Packets;

    /// <summary>Their bytes, outer headers not counted.</summary>
    public long Bytes;

    /// <summary>System calls that read.</summary>
    public long Reads;

    /// <summary>System calls that wrote.</summary>
    public long Writes;

    /// <summary>How often the thread had nothing to do and waited.</summary>
    public long Waits;

    /// <summary>Answers to packets that cannot travel on.</summary>
    public long Replies;

    /// <summary>
    /// What the thread allocated on the managed heap in its whole life; known when it has ended. The same whatever it carried.
    /// </summary>
    public long AllocatedBytes { get; set; }

    /// <summary>Counts packets that went no further.</summary>
    public void Drop(PacketDrop reason, int packets = 1) => _drops[Padding + (int)reason] += packets;

    /// <summary>How many packets went no further for a reason.</summary>
    public long DropsOf(PacketDrop reason) => Volatile.Read(ref _drops[Padding + (int)reason]);
}

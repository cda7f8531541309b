using System.Runtime.InteropServices;

namespace Flannel.Backends.Udp.Peers;

/// <summary>
/// What one pair of threads sent to a peer and took from it. Each half is written by one thread with plain additions and read by others, who may see
/// it a moment old; the halves are apart so that the threads do not take the cache line from each other.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct PeerCounters
{
    /// <summary>Packets handed to the socket, each segment counted.</summary>
    [FieldOffset(64)]
    public long SentPackets;

    /// <summary>Their bytes, outer headers not counted.</summary>
    [FieldOffset(72)]
    public long SentBytes;

    /// <summary>Packets written to the TUN device, each segment counted.</summary>
    [FieldOffset(192)]
    public long ReceivedPackets;

    /// <summary>Their bytes, outer headers not counted.</summary>
    [FieldOffset(200)]
    public long ReceivedBytes;
}

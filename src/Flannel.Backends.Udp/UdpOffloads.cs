namespace Flannel;

/// <summary>
/// The ways in which the data path moves many packets at once. Each is used only where the kernel offers it, and given up for the life of the
/// data path when the kernel refuses it later; none of them changes a byte on the wire.
/// </summary>
[Flags]
public enum UdpOffloads
{
    /// <summary>One packet per system call, as flannel does it.</summary>
    None = 0,

    /// <summary>The TUN device hands over TCP super-packets (<c>TUN_F_TSO4</c>, <c>TUN_F_TSO6</c>).</summary>
    TunTcp = 1,

    /// <summary>The TUN device hands over UDP super-packets (<c>TUN_F_USO4</c>, <c>TUN_F_USO6</c>; kernel 6.2). Needs <see cref="TunTcp"/>.</summary>
    TunUdp = 2,

    /// <summary>One call sends up to 64 datagrams to one peer (<c>UDP_SEGMENT</c>).</summary>
    SendSegmentation = 4,

    /// <summary>One call sends to several peers (<c>sendmmsg</c>).</summary>
    SendBatches = 8,

    /// <summary>One buffer receives many datagrams of one peer (<c>UDP_GRO</c>).</summary>
    ReceiveCoalescing = 16,

    /// <summary>One call receives several buffers (<c>recvmmsg</c>).</summary>
    ReceiveBatches = 32,

    /// <summary>TCP segments that belong together are written to the TUN device as one super-packet.</summary>
    WriteTcp = 64,

    /// <summary>
    /// UDP datagrams that belong together are written to the TUN device as one super-packet (kernel 6.2). Needs <see cref="WriteTcp"/>.
    /// </summary>
    WriteUdp = 128,

    /// <summary>All of them.</summary>
    All = TunTcp | TunUdp | SendSegmentation | SendBatches | ReceiveCoalescing | ReceiveBatches | WriteTcp | WriteUdp,
}

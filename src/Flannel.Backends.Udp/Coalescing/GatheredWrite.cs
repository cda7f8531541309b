using Flannel.Backends.Udp.Interop;

namespace Flannel.Backends.Udp.Coalescing;

/// <summary>What goes into a TUN device in one <c>writev</c>: the offload header, then one packet or one superpacket.</summary>
internal readonly unsafe struct GatheredWrite(LinuxSocket.iovec* vectors, int vectorCount, int length, int packets)
{
    /// <summary>The pieces, the offload header first; valid until the next write is taken.</summary>
    public LinuxSocket.iovec* Vectors { get; } = vectors;

    /// <summary>Number of pieces.</summary>
    public int VectorCount { get; } = vectorCount;

    /// <summary>Bytes in all pieces.</summary>
    public int Length { get; } = length;

    /// <summary>Packets of the wire in it; more than one make a superpacket.</summary>
    public int Packets { get; } = packets;
}

namespace Flannel.Backends.Udp.Coalescing;

/// <summary>How far coalescing goes, and for which kinds of packets the kernel takes it.</summary>
internal sealed record CoalescingLimits
{
    /// <summary>Packets that one batch holds, whether they are merged or not.</summary>
    public int Packets { get; init; } = 1024;

    /// <summary>Packets of one run; the kernel's own GRO stops at 64.</summary>
    public int Segments { get; init; } = 64;

    /// <summary>Bytes of a superpacket with its headers; the length field has 16 bits.</summary>
    public int Bytes { get; init; } = ushort.MaxValue;

    /// <summary>True if the device was opened with TCP segmentation.</summary>
    public bool Tcp { get; init; } = true;

    /// <summary>True if the device was opened with UDP segmentation (<c>TUN_F_USO4</c> and <c>TUN_F_USO6</c>, since Linux 6.2).</summary>
    public bool Udp { get; init; } = true;
}

namespace Flannel.Backends.Udp.Packets;

/// <summary>Why a packet went no further. The value is the index of a counter, so there is one reason for every way to lose a packet.</summary>
internal enum PacketDrop : byte
{
    /// <summary>The packet is good.</summary>
    None,

    /// <summary>Shorter than the smallest header of its version; flannel drops what is below 20 bytes.</summary>
    TooShort,

    /// <summary>Neither IPv4 nor IPv6, or a family this network does not carry.</summary>
    WrongVersion,

    /// <summary>An IPv4 header length below 20 bytes or beyond the packet.</summary>
    BadHeaderLength,

    /// <summary>The length in the header is shorter than the header, or longer than what arrived.</summary>
    BadLength,

    /// <summary>The time to live (IPv4) or hop limit (IPv6) has run out.</summary>
    HopLimitExceeded,

    /// <summary>No peer has a subnet with the destination.</summary>
    NoRoute,

    /// <summary>The outer source address is no peer's.</summary>
    UnknownSender,

    /// <summary>The inner source is not in a subnet of the peer that sent the packet.</summary>
    ForeignSource,

    /// <summary>The inner destination is not in a subnet of this node.</summary>
    ForeignDestination,

    /// <summary>Larger than what may be sent to the peer, or than what a buffer holds.</summary>
    Oversized,

    /// <summary>The offload header contradicts the packet behind it.</summary>
    MalformedOffload,

    /// <summary>A kind of offload that was not asked for: UDP fragmentation, or segmentation behind IPv6 extension headers.</summary>
    UnsupportedOffload,

    /// <summary>The kernel refused the packet, or had no room for it.</summary>
    Refused,
}

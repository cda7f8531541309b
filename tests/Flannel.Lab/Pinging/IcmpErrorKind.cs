namespace Flannel.Lab.Pinging;

/// <summary>What happened to a packet that was not answered.</summary>
public enum IcmpErrorKind
{
    /// <summary>ICMP fragmentation needed (type 3, code 4) or ICMPv6 packet too big (type 2).</summary>
    PacketTooBig,

    /// <summary>Any other ICMP destination unreachable.</summary>
    Unreachable,

    /// <summary>ICMP time exceeded.</summary>
    TimeExceeded,

    /// <summary>The sender's own kernel refused: the packet is longer than the MTU of its device (EMSGSIZE).</summary>
    TooBigForDevice,

    /// <summary>The sender's own kernel refused: no route, device down.</summary>
    NotSent,
}

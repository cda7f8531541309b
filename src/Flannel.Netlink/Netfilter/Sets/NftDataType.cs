namespace Flannel.Netlink.Netfilter.Sets;

/// <summary>
/// What a key or a value of a set is. The kernel compares bytes and keeps the number for nft, which lists sets by it (datatypes of nft).
/// </summary>
public enum NftDataType
{
    /// <summary>What to do with the packet; of values only.</summary>
    Verdict = 1,

    /// <summary>Bytes without a type of their own (<c>integer</c>); of keys only, where <see cref="NftSet.KeyFields"/> says how many.</summary>
    Bytes = 4,

    /// <summary>IPv4 address, 4 bytes.</summary>
    IPv4Address = 7,

    /// <summary>IPv6 address, 16 bytes.</summary>
    IPv6Address = 8,

    /// <summary>Ethernet address, 6 bytes.</summary>
    EthernetAddress = 9,

    /// <summary>EtherType, 2 bytes.</summary>
    EtherType = 10,

    /// <summary>Transport protocol, 1 byte.</summary>
    TransportProtocol = 12,

    /// <summary>Port, 2 bytes.</summary>
    Port = 13,

    /// <summary>Packet mark, 4 bytes in the machine's order.</summary>
    Mark = 19,

    /// <summary>Interface index, 4 bytes in the machine's order.</summary>
    InterfaceIndex = 20,

    /// <summary>Interface name, 16 bytes.</summary>
    InterfaceName = 41,
}

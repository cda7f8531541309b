namespace Flannel.Netlink.Netfilter.Rules;

/// <summary>
/// One step of a rule: loads something of a packet into a register, compares a register, or does something. A rule ends at the first comparison that
/// fails and at the first verdict. Registers are counted here in slots of four bytes, 0 to 15; a value of 8 bytes in slot 0 fills slots 0 and 1.
/// </summary>
public abstract record NftExpression
{
    private protected NftExpression()
    {
    }
}

/// <summary>Loads bytes of the packet.</summary>
/// <param name="Header">Where counting begins.</param>
/// <param name="Offset">First byte.</param>
/// <param name="Length">How many bytes, 1 to 64.</param>
/// <param name="Slot">Where to.</param>
public sealed record NftPayload(NftHeader Header, int Offset, int Length, int Slot = 0) : NftExpression;

/// <summary>Loads what the kernel knows of the packet beside its bytes.</summary>
/// <param name="Key">What.</param>
/// <param name="Slot">Where to.</param>
public sealed record NftMeta(NftMetaKey Key, int Slot = 0) : NftExpression;

/// <summary>
/// Changes what the kernel knows of the packet beside its bytes: <see cref="NftMetaKey.Mark"/> or <see cref="NftMetaKey.Priority"/>.
/// </summary>
/// <param name="Key">What.</param>
/// <param name="Slot">Where the new value is.</param>
public sealed record NftSetMeta(NftMetaKey Key, int Slot = 0) : NftExpression;

/// <summary>Loads a value that is the same for every packet.</summary>
/// <param name="Value">The value, of 1 to 16 bytes.</param>
/// <param name="Slot">Where to.</param>
public sealed record NftConstant(NftValue Value, int Slot = 0) : NftExpression;

/// <summary>Loads what connection tracking knows of the packet.</summary>
/// <param name="Key">What.</param>
/// <param name="Slot">Where to.</param>
public sealed record NftConntrack(NftConntrackKey Key, int Slot = 0) : NftExpression;

/// <summary>
/// Looks an address of the packet up in the routing tables and loads its type as 32 bits (<c>RTN_*</c>; 2 is an address of this host).
/// </summary>
/// <param name="Flags">Which address, and what narrows the look-up.</param>
/// <param name="Slot">Where to.</param>
public sealed record NftAddressType(NftAddressTypeFlags Flags, int Slot = 0) : NftExpression;

/// <summary>
/// Looks an address of the packet up in the routing tables and loads the index of the interface that the route leads through as 32 bits, 0 if there
/// is none. With <see cref="NftAddressTypeFlags.InputInterface"/> it is 0 also if the route leads through another one than the packet came through.
/// </summary>
/// <param name="Flags">Which address, and what narrows the look-up.</param>
/// <param name="Slot">Where to.</param>
public sealed record NftRouteInterface(NftAddressTypeFlags Flags, int Slot = 0) : NftExpression;

/// <summary>Changes a register: <c>(register &amp; mask) ^ xor</c>.</summary>
/// <param name="Mask">Bits to keep.</param>
/// <param name="Xor">Bits to turn over, as many bytes as <paramref name="Mask"/>.</param>
/// <param name="Slot">The register.</param>
public sealed record NftBitwise(NftValue Mask, NftValue Xor, int Slot = 0) : NftExpression;

/// <summary>Ends the rule unless a register compares so.</summary>
/// <param name="Operator">How.</param>
/// <param name="Value">With what.</param>
/// <param name="Slot">The register.</param>
public sealed record NftCompare(NftCompareOperator Operator, NftValue Value, int Slot = 0) : NftExpression;

/// <summary>Ends the rule unless a register is in a set.</summary>
/// <param name="Set">The set's name, in the same table.</param>
/// <param name="IsInverted">Ends the rule if it is, instead.</param>
/// <param name="Slot">The register.</param>
public sealed record NftLookup(string Set, bool IsInverted = false, int Slot = 0) : NftExpression
{
    /// <summary>Loads the value of a map of data into this slot; <see langword="null"/> for a set.</summary>
    public int? ValueSlot { get; init; }

    /// <summary>The value of a map is the verdict.</summary>
    public bool IsVerdictMap { get; init; }
}

/// <summary>Counts packets in the rule itself. Two are equal whatever they counted, so that what is read equals what was written.</summary>
public sealed record NftCount : NftExpression
{
    /// <summary>Packets counted.</summary>
    public ulong Packets { get; init; }

    /// <summary>Their bytes.</summary>
    public ulong Bytes { get; init; }

    /// <summary>Whether the other one is a count as well.</summary>
    /// <param name="other">Another one.</param>
    /// <returns>True unless it is null.</returns>
    public bool Equals(NftCount? other) => other is not null;

    /// <inheritdoc/>
    public override int GetHashCode() => 0;
}

/// <summary>Counts packets in a named counter.</summary>
/// <param name="Counter">Its name, in the same table.</param>
public sealed record NftCountIn(string Counter) : NftExpression;

/// <summary>Ends the rule unless packets come slower than this.</summary>
/// <param name="Rate">So many packets.</param>
/// <param name="Unit">In so many seconds: 1, 60, 3600 or 86400 where nft must be able to list it.</param>
/// <param name="Burst">So many packets more at once.</param>
/// <param name="IsInverted">Ends the rule if they come slower, instead.</param>
public sealed record NftLimit(ulong Rate, ulong Unit = 1, uint Burst = 5, bool IsInverted = false) : NftExpression;

/// <summary>
/// Sends the packet to another address and port, for which its connection is remembered; at prerouting and output, in a chain for NAT. Both stand in
/// registers, where a map has put them.
/// </summary>
/// <param name="Family">The address's family: IPv4 or IPv6.</param>
/// <param name="AddressSlot">Where the address is.</param>
/// <param name="PortSlot">Where the port is; <see langword="null"/> leaves the port as it is.</param>
public sealed record NftDestinationNat(NftFamily Family, int AddressSlot, int? PortSlot = null) : NftExpression;

/// <summary>Gives the packet the address of the interface that it leaves through; at postrouting, in a chain for NAT.</summary>
/// <param name="Flags">How ports are chosen.</param>
public sealed record NftMasquerade(NftMasqueradeFlags Flags = NftMasqueradeFlags.None) : NftExpression;

/// <summary>Decides on the packet.</summary>
/// <param name="Kind">How.</param>
/// <param name="Chain">Where jumps go; <see langword="null"/> for all else.</param>
public sealed record NftVerdict(NftVerdictKind Kind, string? Chain = null) : NftExpression
{
    /// <summary>Lets the packet through this base chain; chains behind it still see it.</summary>
    public static NftVerdict Accept { get; } = new(NftVerdictKind.Accept);

    /// <summary>Drops the packet for good.</summary>
    public static NftVerdict Drop { get; } = new(NftVerdictKind.Drop);

    /// <summary>Leaves the chain: back to the rule that jumped, or to the policy.</summary>
    public static NftVerdict Return { get; } = new(NftVerdictKind.Return);

    /// <summary>Goes to another chain, and comes back if that decides nothing.</summary>
    /// <param name="chain">The chain's name, in the same table.</param>
    /// <returns>The verdict.</returns>
    public static NftVerdict Jump(string chain) => new(NftVerdictKind.Jump, chain);
}

/// <summary>Reported: an expression that is not known here, or one that says more than is known here.</summary>
/// <param name="Name">The kernel's name for it.</param>
public sealed record NftOther(string Name) : NftExpression;

/// <summary>Where in a packet an offset is counted from (<c>NFT_PAYLOAD_*_HEADER</c>).</summary>
public enum NftHeader
{
    /// <summary>The link-layer header, where the packet has one.</summary>
    Link = 0,

    /// <summary>The IP header.</summary>
    Network = 1,

    /// <summary>The header behind it.</summary>
    Transport = 2,
}

/// <summary>What the kernel knows of a packet (<c>NFT_META_*</c>). Any other number may be cast to this type.</summary>
public enum NftMetaKey
{
    /// <summary>EtherType, 2 bytes in network order.</summary>
    Protocol = 1,

    /// <summary>What queues sort by (<c>SO_PRIORITY</c>, socket(7)), 4 bytes; 0 after a packet has come from another namespace.</summary>
    Priority = 2,

    /// <summary>Packet mark, 4 bytes.</summary>
    Mark = 3,

    /// <summary>Index of the interface it came through, 4 bytes.</summary>
    InputInterface = 4,

    /// <summary>Index of the interface it leaves through, 4 bytes.</summary>
    OutputInterface = 5,

    /// <summary>Name of the interface it came through, 16 bytes.</summary>
    InputInterfaceName = 6,

    /// <summary>Name of the interface it leaves through, 16 bytes.</summary>
    OutputInterfaceName = 7,

    /// <summary>Hardware type of the interface it came through (<c>ARPHRD_*</c>; 1 is Ethernet), 2 bytes in the machine's order.</summary>
    InputInterfaceType = 8,

    /// <summary>IP version as <see cref="NftFamily"/>, 1 byte.</summary>
    NetworkProtocol = 15,

    /// <summary>Transport protocol, 1 byte.</summary>
    TransportProtocol = 16,

    /// <summary>Whether it is for this host, for all or for others (<c>PACKET_*</c>), 1 byte.</summary>
    PacketType = 19,

    /// <summary>
    /// Kind of the interface it came through (<c>veth</c>, <c>bridge</c>), 16 bytes. Interfaces of hardware have none, and end the rule.
    /// </summary>
    InputInterfaceKind = 26,

    /// <summary>Kind of the interface it leaves through, 16 bytes.</summary>
    OutputInterfaceKind = 27,
}

/// <summary>What connection tracking knows of a packet (<c>NFT_CT_*</c>). Any other number may be cast to this type.</summary>
public enum NftConntrackKey
{
    /// <summary>Bits of 4 bytes: 2 established, 4 related, 8 new, 1 invalid.</summary>
    State = 0,

    /// <summary>Bits of 4 bytes (<c>IPS_*</c>).</summary>
    Status = 2,

    /// <summary>Mark of the connection, 4 bytes.</summary>
    Mark = 3,
}

/// <summary>Which address to look up (<c>NFTA_FIB_F_*</c>).</summary>
[Flags]
public enum NftAddressTypeFlags
{
    /// <summary>None, which the kernel refuses.</summary>
    None = 0,

    /// <summary>The packet's source.</summary>
    Source = 1,

    /// <summary>The packet's destination.</summary>
    Destination = 2,

    /// <summary>With the packet's mark.</summary>
    Mark = 4,

    /// <summary>Only addresses of the interface it came through.</summary>
    InputInterface = 8,

    /// <summary>Only addresses of the interface it leaves through.</summary>
    OutputInterface = 16,
}

/// <summary>How to compare (<c>NFT_CMP_*</c>).</summary>
public enum NftCompareOperator
{
    /// <summary>Equal.</summary>
    Equal = 0,

    /// <summary>Not equal.</summary>
    NotEqual = 1,

    /// <summary>Less.</summary>
    Less = 2,

    /// <summary>Less or equal.</summary>
    LessOrEqual = 3,

    /// <summary>Greater.</summary>
    Greater = 4,

    /// <summary>Greater or equal.</summary>
    GreaterOrEqual = 5,
}

/// <summary>How masquerading chooses ports (<c>NF_NAT_RANGE_*</c>).</summary>
[Flags]
public enum NftMasqueradeFlags
{
    /// <summary>The packet's own port where it is free.</summary>
    None = 0,

    /// <summary>A port drawn by a hash.</summary>
    Random = 4,

    /// <summary>The same address for every connection of a host.</summary>
    Persistent = 8,

    /// <summary>A port drawn at random (kernel 3.14).</summary>
    RandomFully = 16,
}

/// <summary>What a verdict does (<c>NF_*</c> and <c>NFT_*</c>).</summary>
public enum NftVerdictKind
{
    /// <summary>To the chain in its place; it does not come back.</summary>
    GoTo = -4,

    /// <summary>To the chain and back.</summary>
    Jump = -3,

    /// <summary>Out of the chain.</summary>
    Return = -5,

    /// <summary>On to the next rule, leaving this one.</summary>
    Break = -2,

    /// <summary>On.</summary>
    Continue = -1,

    /// <summary>Gone.</summary>
    Drop = 0,

    /// <summary>Through.</summary>
    Accept = 1,
}

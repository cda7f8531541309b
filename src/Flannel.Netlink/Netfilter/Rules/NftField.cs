using System.Collections.Immutable;

namespace Flannel.Netlink.Netfilter.Rules;

/// <summary>Something of a packet that <see cref="NftMatch"/> compares: which expression loads it, and how long it is.</summary>
public readonly record struct NftField
{
    private readonly NftExpression _load;
    private readonly NftValue? _mask;

    /// <summary>Bytes of a header.</summary>
    /// <param name="header">Where counting begins.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="length">How many bytes, 1 to 64.</param>
    public NftField(NftHeader header, int offset, int length) => (_load, Length) = (new NftPayload(header, offset, length), length);

    /// <summary>What the kernel knows of a packet.</summary>
    /// <param name="key">What.</param>
    /// <param name="length">How many bytes it has.</param>
    public NftField(NftMetaKey key, int length) => (_load, Length) = (new NftMeta(key), length);

    private NftField(NftExpression load, int length, NftValue mask) => (_load, Length, _mask) = (load, length, mask);

    /// <summary>Ethernet destination, 6 bytes.</summary>
    public static NftField EthernetDestination => new(NftHeader.Link, 0, 6);

    /// <summary>
    /// Ethernet source, 6 bytes. For nft to show it as such, compare <see cref="InputInterfaceType"/> before, and <see cref="EtherType"/> in front of
    /// addresses.
    /// </summary>
    public static NftField EthernetSource => new(NftHeader.Link, 6, 6);

    /// <summary>EtherType in the Ethernet header, 2 bytes.</summary>
    public static NftField EtherType => new(NftHeader.Link, 12, 2);

    /// <summary>IPv4 source, 4 bytes. In tables of several families compare <see cref="NetworkProtocol"/> before.</summary>
    public static NftField IPv4Source => new(NftHeader.Network, 12, 4);

    /// <summary>IPv4 destination, 4 bytes.</summary>
    public static NftField IPv4Destination => new(NftHeader.Network, 16, 4);

    /// <summary>IPv6 source, 16 bytes.</summary>
    public static NftField IPv6Source => new(NftHeader.Network, 8, 16);

    /// <summary>IPv6 destination, 16 bytes.</summary>
    public static NftField IPv6Destination => new(NftHeader.Network, 24, 16);

    /// <summary>Source port of TCP and UDP, 2 bytes. Compare <see cref="TransportProtocol"/> before.</summary>
    public static NftField SourcePort => new(NftHeader.Transport, 0, 2);

    /// <summary>Destination port of TCP and UDP, 2 bytes.</summary>
    public static NftField DestinationPort => new(NftHeader.Transport, 2, 2);

    /// <inheritdoc cref="NftMetaKey.Protocol"/>
    public static NftField Protocol => new(NftMetaKey.Protocol, 2);

    /// <inheritdoc cref="NftMetaKey.Priority"/>
    public static NftField Priority => new(NftMetaKey.Priority, 4);

    /// <inheritdoc cref="NftMetaKey.Mark"/>
    public static NftField Mark => new(NftMetaKey.Mark, 4);

    /// <inheritdoc cref="NftMetaKey.InputInterface"/>
    public static NftField InputInterface => new(NftMetaKey.InputInterface, 4);

    /// <inheritdoc cref="NftMetaKey.OutputInterface"/>
    public static NftField OutputInterface => new(NftMetaKey.OutputInterface, 4);

    /// <inheritdoc cref="NftMetaKey.InputInterfaceName"/>
    public static NftField InputInterfaceName => new(NftMetaKey.InputInterfaceName, 16);

    /// <inheritdoc cref="NftMetaKey.OutputInterfaceName"/>
    public static NftField OutputInterfaceName => new(NftMetaKey.OutputInterfaceName, 16);

    /// <inheritdoc cref="NftMetaKey.InputInterfaceType"/>
    public static NftField InputInterfaceType => new(NftMetaKey.InputInterfaceType, 2);

    /// <inheritdoc cref="NftMetaKey.InputInterfaceKind"/>
    public static NftField InputInterfaceKind => new(NftMetaKey.InputInterfaceKind, 16);

    /// <inheritdoc cref="NftMetaKey.OutputInterfaceKind"/>
    public static NftField OutputInterfaceKind => new(NftMetaKey.OutputInterfaceKind, 16);

    /// <inheritdoc cref="NftMetaKey.NetworkProtocol"/>
    public static NftField NetworkProtocol => new(NftMetaKey.NetworkProtocol, 1);

    /// <inheritdoc cref="NftMetaKey.TransportProtocol"/>
    public static NftField TransportProtocol => new(NftMetaKey.TransportProtocol, 1);

    /// <summary>How many bytes it has.</summary>
    public int Length { get; }

    /// <summary>
    /// Some bits of the field, the others cleared. A set of plain keys that are looked up so, such as Ethernet address and network, takes
    /// microseconds to change however large it is; a set of intervals of concatenations takes milliseconds.
    /// </summary>
    /// <param name="mask">Which bits, as many bytes as the field.</param>
    /// <returns>The field.</returns>
    /// <exception cref="ArgumentException">Mask and field differ in length.</exception>
    public NftField Masked(NftValue mask)
    {
        Check(mask);
        return new NftField(_load, Length, mask);
    }

    /// <summary>What loads it, if that are bytes of the packet and all of them count.</summary>
    internal NftPayload? WholePayload => _mask is null ? _load as NftPayload : null;

    internal ImmutableArray<NftExpression> Load(int slot)
    {
        NftExpression load = _load switch
        {
            NftPayload payload => payload with { Slot = slot },
            NftMeta meta => meta with { Slot = slot },
            _ => throw new InvalidOperationException("The default value is no field of a packet."),
        };
        return _mask is { } mask ? [load, new NftBitwise(mask, new NftValue(new byte[Length]), slot)] : [load];
    }

    internal void Check(NftValue value)
    {
        if (Length != value.Length)
            throw new ArgumentException($"A field of {Length} bytes does not go with the {value.Length} bytes {value}.", nameof(value));
    }
}

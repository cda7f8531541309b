using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Flannel.Core.Addressing;

namespace Flannel.Extensibility;

/// <summary>
/// Addresses and networks in text that people write, read as flannel reads them. .NET's parsers also take <c>10.1</c>, <c>0x7f.1</c>, octal numbers,
/// brackets and zones, which hardly anybody means.
/// </summary>
public static class AddressSyntax
{
    /// <summary>Reads four dotted decimals without leading zeros, or an IPv6 address without a zone.</summary>
    /// <param name="text">The text, without blanks.</param>
    /// <param name="address">The address.</param>
    /// <returns>Whether the text is one.</returns>
    public static bool TryParse(string? text, [NotNullWhen(true)] out IPAddress? address)
    {
        AddressFamily family = FamilyOf(text);
        address = AddressText.TryParse(text, family, out UInt128 number) ? AddressText.ToAddress(number, family) : null;
        return address is not null;
    }

    /// <summary>Reads an address and the length of its prefix, such as <c>10.0.0.0/8</c>.</summary>
    /// <param name="text">The text, without blanks.</param>
    /// <param name="network">The network that the address is in.</param>
    /// <returns>Whether the text is one.</returns>
    public static bool TryParseNetwork(string? text, out IPNetwork network)
    {
        bool isNetwork = AddressText.TryParseCidr(text, FamilyOf(text), out Subnet subnet);
        network = isNetwork ? subnet.ToNetwork() : default;
        return isNetwork;
    }

    private static AddressFamily FamilyOf(string? text) =>
        text?.Contains(':', StringComparison.Ordinal) == true ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;
}

using System.Diagnostics.CodeAnalysis;
using System.Net.NetworkInformation;

namespace Flannel.Backends.Vxlan.Devices;

/// <summary>Ethernet addresses as flannel writes them: lower case, separated by colons.</summary>
internal static class MacAddress
{
    private const int Length = 6;
    private const int TextLength = 17;
    private const byte GroupBit = 0x01;
    private const byte LocalBit = 0x02;

    /// <summary>Reads six bytes in hexadecimal, separated by colons or (Windows nodes) dashes.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out PhysicalAddress? mac)
    {
        mac = null;
        return text is { Length: TextLength } && text[2] is ':' or '-' && PhysicalAddress.TryParse(text, out mac)
            && mac.GetAddressBytes().Length == Length;
    }

    /// <summary>Writes a MAC as <c>c6:d2:32:6f:8f:44</c>.</summary>
    public static string Format(PhysicalAddress mac) =>
        string.Join(':', mac.GetAddressBytes().Select(static value => value.ToString("x2", System.Globalization.CultureInfo.InvariantCulture)));

    /// <summary>Whether a device may have the address: an Ethernet address, no group, not zero.</summary>
    public static bool IsUsable(PhysicalAddress mac)
    {
        byte[] bytes = mac.GetAddressBytes();
        return bytes.Length == Length && (bytes[0] & GroupBit) == 0 && bytes.Any(static value => value != 0);
    }

    /// <summary>Makes a random unicast address of the locally administered range.</summary>
    public static PhysicalAddress NewRandom(Random random)
    {
        byte[] bytes = new byte[Length];
        random.NextBytes(bytes);
        bytes[0] = (byte)((bytes[0] & ~GroupBit) | LocalBit);
        return new PhysicalAddress(bytes);
    }
}

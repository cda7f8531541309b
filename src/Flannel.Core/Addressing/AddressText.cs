using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Flannel.Core.Addressing;

/// <summary>
/// The textual forms of addresses as flannel reads and writes them. The BCL is no substitute: its parser takes <c>10.1</c>, <c>0x7f.1</c>, octal,
/// brackets, ports and zones, and its formatter writes some IPv6 addresses with a dotted tail (<c>fd00::5efe:1.2.3.4</c>), which no flannel
/// key may contain.
/// </summary>
internal static class AddressText
{
    private static readonly SearchValues<char> IPv6Characters = SearchValues.Create("0123456789abcdefABCDEF:.");

    /// <summary>The number of bits of an address.</summary>
    public static int WidthOf(AddressFamily family) => family switch
    {
        AddressFamily.InterNetwork => 32,
        AddressFamily.InterNetworkV6 => 128,
        _ => throw new ArgumentException($"{family} is neither IPv4 nor IPv6.", nameof(family)),
    };

    /// <summary>Reads four dotted decimals without leading zeros, or an IPv6 address without a zone.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, AddressFamily family, out UInt128 address)
    {
        if (family == AddressFamily.InterNetworkV6)
        {
            return TryParseIPv6(text, out address);
        }

        bool valid = TryParseIPv4(text, out uint value);
        address = value;
        return valid;
    }

    /// <summary>Reads <c>address/length</c> and clears the host bits.</summary>
    public static bool TryParseCidr(ReadOnlySpan<char> text, AddressFamily family, out Subnet subnet)
    {
        int slash = text.IndexOf('/');
        if (slash >= 0
            && TryParse(text[..slash], family, out UInt128 address)
            && TryParseNumber(text[(slash + 1)..], WidthOf(family), out int length))
        {
            subnet = new Subnet(address, length, family);
            return true;
        }

        subnet = default;
        return false;
    }

    /// <summary>Reads a decimal number of at most three digits, without a sign or leading zeros.</summary>
    public static bool TryParseNumber(ReadOnlySpan<char> text, int maximum, out int number)
    {
        number = 0;
        if (text.Length is 0 or > 3 || (text.Length > 1 && text[0] == '0'))
        {
            return false;
        }

        foreach (char digit in text)
        {
            if (!char.IsAsciiDigit(digit))
            {
                return false;
            }

            number = (number * 10) + (digit - '0');
        }

        return number <= maximum;
    }

    /// <summary>Writes dotted decimals or the form of RFC 5952: lower case, the longest run of zero groups compressed, never a dotted tail.</summary>
    public static string Format(UInt128 address, AddressFamily family)
    {
        if (family == AddressFamily.InterNetwork)
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{(byte)(address >> 24)}.{(byte)(address >> 16)}.{(byte)(address >> 8)}.{(byte)address}");
        }

        (int zerosStart, int zerosEnd) = LongestZeros(address);
        var text = new StringBuilder(39);
        for (int group = 0; group < 8; group++)
        {
            if (group == zerosStart)
            {
                text.Append("::");
                group = zerosEnd - 1;
                continue;
            }

            if (group > 0 && group != zerosEnd)
            {
                text.Append(':');
            }

            text.Append(CultureInfo.InvariantCulture, $"{GroupOf(address, group):x}");
        }

        return text.ToString();
    }

    /// <inheritdoc cref="Format(UInt128, AddressFamily)"/>
    public static string Format(IPAddress address) => Format(ToNumber(address), address.AddressFamily);

    /// <summary>The address as a number, its first bit the most significant.</summary>
    public static UInt128 ToNumber(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out int count);
        return count == 4 ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    /// <summary>The number as an address.</summary>
    public static IPAddress ToAddress(UInt128 address, AddressFamily family)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, address);
        return new IPAddress(bytes[(16 - (WidthOf(family) / 8))..]);
    }

    private static bool TryParseIPv4(ReadOnlySpan<char> text, out uint address)
    {
        address = 0;
        for (int octet = 0; octet < 4; octet++)
        {
            int end = octet < 3 ? text.IndexOf('.') : text.Length;
            if (end < 0 || !TryParseNumber(text[..end], byte.MaxValue, out int value))
            {
                return false;
            }

            address = (address << 8) | (uint)value;
            text = octet < 3 ? text[(end + 1)..] : text;
        }

        return true;
    }

    private static bool TryParseIPv6(ReadOnlySpan<char> text, out UInt128 address)
    {
        address = default;
        if (text.Length is 0 or > 45 || text.ContainsAnyExcept(IPv6Characters) || !text.Contains(':'))
        {
            return false;
        }

        if (text.Contains('.') && !TryParseIPv4(text[(text.LastIndexOf(':') + 1)..], out _))
        {
            return false;
        }

        if (!IPAddress.TryParse(text, out IPAddress? parsed) || parsed.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return false;
        }

        address = ToNumber(parsed);
        return true;
    }

    private static (int Start, int End) LongestZeros(UInt128 address)
    {
        (int bestStart, int bestEnd) = (-1, -1);
        for (int group = 0; group < 8; group++)
        {
            int end = group;
            while (end < 8 && GroupOf(address, end) == 0)
            {
                end++;
            }

            // RFC 5952 §4.2: a single zero group is not compressed, and the first of two equally long runs is.
            if (end - group > Math.Max(1, bestEnd - bestStart))
            {
                (bestStart, bestEnd) = (group, end);
            }

            group = Math.Max(group, end);
        }

        return (bestStart, bestEnd);
    }

    private static ushort GroupOf(UInt128 address, int group) => (ushort)(address >> (112 - (16 * group)));
}

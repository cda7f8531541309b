using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using Flannel.Core.Addressing;
using Flannel.Core.Json;

namespace Flannel;

public readonly partial struct SubnetKey
{
    private const string NoIPv4 = "0.0.0.0-0";

    /// <summary>
    /// Reads a key. Stricter than flannel, whose pattern is not anchored at the front: the whole text must be a key in its one canonical form
    /// (no leading zeros, host bits clear, IPv6 as in RFC 5952), so that two texts never name the same lease.
    /// </summary>
    /// <param name="text">The key below the subnets' directory, such as <c>10.5.52.0-24</c>.</param>
    /// <exception cref="FormatException">The text is no key; the message says why.</exception>
    public static SubnetKey Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, out SubnetKey key, out string? reason) ? key : throw new FormatException(reason);
    }

    /// <summary>Reads a key, as <see cref="Parse"/> does.</summary>
    /// <param name="text">The key below the subnets' directory.</param>
    /// <param name="key">The key, if the text is one.</param>
    /// <returns>Whether the text is a key.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, out SubnetKey key)
    {
        key = default;
        return text is not null && TryParse(text, out key, out _);
    }

    /// <summary>Reads a key and tells why a text is none, without an exception: a store full of foreign keys must stay cheap.</summary>
    internal static bool TryParse(string text, out SubnetKey key, [NotNullWhen(false)] out string? reason)
    {
        int ampersand = text.IndexOf('&', StringComparison.Ordinal);
        ReadOnlySpan<char> ipv4Text = ampersand < 0 ? text : text.AsSpan(0, ampersand);
        Subnet? ipv4 = null;
        Subnet? ipv6 = null;
        reason = null;
        if (ampersand < 0 || !ipv4Text.SequenceEqual(NoIPv4))
        {
            reason = ReadPart(ipv4Text, AddressFamily.InterNetwork, out ipv4);
        }

        if (ampersand >= 0)
        {
            reason ??= ReadPart(text.AsSpan(ampersand + 1), AddressFamily.InterNetworkV6, out ipv6);
        }

        key = reason is null ? new SubnetKey(ipv4, ipv6) : default;
        reason = reason is null ? null : $"{GoJson.Excerpt(text)} is no subnet key such as 10.5.52.0-24 or 10.5.52.0-24&fd00::-64: {reason}";
        return reason is null;
    }

    /// <summary>The key's name in the store; empty for a key that was never set.</summary>
    public override string ToString()
    {
        string ipv4 = _hasIPv4 ? $"{AddressText.Format(_ipv4, AddressFamily.InterNetwork)}-{_ipv4Length}" : NoIPv4;
        return (_hasIPv4, _hasIPv6) switch
        {
            (false, false) => "",
            (true, false) => ipv4,
            _ => $"{ipv4}&{AddressText.Format(new UInt128(_ipv6High, _ipv6Low), AddressFamily.InterNetworkV6)}-{_ipv6Length}",
        };
    }

    private static string? ReadPart(ReadOnlySpan<char> text, AddressFamily family, out Subnet? subnet)
    {
        subnet = null;
        (string name, int shortest, int longest) = family == AddressFamily.InterNetwork ? ("IPv4", 1, 31) : ("IPv6", 0, 127);
        int dash = text.IndexOf('-');
        if (dash < 0)
        {
            return $"the {name} part has no '-' before its length";
        }

        if (!AddressText.TryParse(text[..dash], family, out UInt128 address))
        {
            return $"the {name} part does not start with an {name} address";
        }

        string canonical = AddressText.Format(address, family);
        if (!text[..dash].SequenceEqual(canonical))
        {
            return $"the canonical form of its {name} address is {canonical}";
        }

        if (!AddressText.TryParseNumber(text[(dash + 1)..], longest, out int length) || length < shortest)
        {
            return $"the {name} length is not a number from {shortest} to {longest}";
        }

        var found = new Subnet(address, length, family);
        if (found.First != address)
        {
            return $"its {name} address has host bits set; the subnet is {found}";
        }

        subnet = found;
        return null;
    }
}

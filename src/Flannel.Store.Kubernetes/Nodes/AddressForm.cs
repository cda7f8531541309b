using System.Buffers;
using System.Net;
using System.Net.Sockets;

namespace Flannel.Store.Kubernetes.Nodes;

/// <summary>
/// Addresses in annotations: four decimals, or IPv6 without a zone. .NET's own parser also takes 10.1, octal numbers, brackets and ports.
/// </summary>
internal static class AddressForm
{
    private static readonly SearchValues<char> IPv6Characters = SearchValues.Create("0123456789abcdefABCDEF:.");

    /// <summary>Reads an address, or returns <see langword="null"/>.</summary>
    public static IPAddress? Parse(string? text)
    {
        if (text is null || text.AsSpan().ContainsAnyExcept(IPv6Characters) || !IPAddress.TryParse(text, out IPAddress? address))
            return null;
        // There is one way only to write an IPv4 address.
        return address.AddressFamily == AddressFamily.InterNetworkV6 || address.ToString() == text ? address : null;
    }

    /// <summary>Reads an address of a family, or returns <see langword="null"/>.</summary>
    public static IPAddress? Parse(string? text, AddressFamily family) =>
        Parse(text) is { } address && address.AddressFamily == family ? address : null;
}

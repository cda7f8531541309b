using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Flannel.Linux.Traffic;

/// <summary>
/// What one network's objects are called in the kernel. The default network has flannel's own names, so that either takes over what the other left;
/// any other network has names that no second network of the host gets.
/// </summary>
internal sealed class TrafficNames
{
    // iptables allows 28 characters for a chain (XT_EXTENSION_MAXNAMELEN less its zero), of which 16 go to 'FLANNEL-POSTRTG-'.
    private const int LongestLabel = 12;
    private const int HashLength = 8;
    private const string Base32 = "abcdefghijklmnopqrstuvwxyz234567";

    private readonly string _suffix;

    public TrafficNames(string networkName)
    {
        // What SHA256 would say of nothing, without loading OpenSSL into a process that may need it for nothing else.
        byte[] hash = networkName.Length == 0 ? [0xE3, 0xB0, 0xC4] : SHA256.HashData(Encoding.UTF8.GetBytes(networkName));
        string label = ToLabel(networkName, hash);
        _suffix = label.Length == 0 ? "" : "-" + label;
        string comment = label.Length == 0 ? "" : " " + label;
        MasqueradeChain = "FLANNEL-POSTRTG" + _suffix.ToUpperInvariant();
        ForwardChain = "FLANNEL-FWD" + _suffix.ToUpperInvariant();
        MasqueradeComment = "flanneld masq" + comment;
        ForwardComment = "flanneld forward" + comment;
        BlackholeMetric = 0xF1A00000 | ((uint)hash[0] << 12) | ((uint)hash[1] << 4) | ((uint)hash[2] >> 4);
    }

    /// <summary>The chain in iptables' nat table.</summary>
    public string MasqueradeChain { get; }

    /// <summary>The chain in iptables' filter table.</summary>
    public string ForwardChain { get; }

    /// <summary>The comment of every iptables rule about masquerading.</summary>
    public string MasqueradeComment { get; }

    /// <summary>The comment of every iptables rule about forwarding.</summary>
    public string ForwardComment { get; }

    /// <summary>The metric that tells the network's blackhole routes from everybody else's.</summary>
    public uint BlackholeMetric { get; }

    /// <summary>The table of the guard in nftables.</summary>
    public string GuardTable(AddressFamily family) => (family == AddressFamily.InterNetwork ? "flannel-guard-ipv4" : "flannel-guard-ipv6") + _suffix;

    /// <summary>The network's table in nftables.</summary>
    public string Table(AddressFamily family) => (family == AddressFamily.InterNetwork ? "flannel-ipv4" : "flannel-ipv6") + _suffix;

    // A plain short name is its own label. Others keep what can be read of their beginning; the hash makes them differ, and the underscore before it,
    // which no plain name has, keeps the two kinds apart.
    private static string ToLabel(string name, byte[] hash)
    {
        if (name.Length <= LongestLabel && name.All(IsPlain))
            return name;

        string beginning = new([.. name.ToLowerInvariant().Where(IsPlain).Take(LongestLabel - HashLength - 1)]);
        return $"{beginning}_{string.Concat(hash.TakeLast(HashLength).Select(static value => Base32[value % Base32.Length]))}";
    }

    private static bool IsPlain(char character) => char.IsAsciiLetterLower(character) || char.IsAsciiDigit(character) || character == '-';
}

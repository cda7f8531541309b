using System.Globalization;
using System.Net;
using System.Text;
using Flannel.Core.Addressing;

namespace Flannel;

/// <summary>
/// The subnet file (flannel's <c>/run/flannel/subnet.env</c>): what a node tells the container runtime and the CNI plugin of its host, and what
/// the node remembers of its lease over a restart.
/// </summary>
public sealed partial record SubnetFile
{
    private const string NetworkKey = "FLANNEL_NETWORK";
    private const string SubnetKeyName = "FLANNEL_SUBNET";
    private const string IPv6NetworkKey = "FLANNEL_IPV6_NETWORK";
    private const string IPv6SubnetKey = "FLANNEL_IPV6_SUBNET";
    private const string MtuKey = "FLANNEL_MTU";
    private const string IpMasqKey = "FLANNEL_IPMASQ";

    /// <summary>The whole IPv4 overlay range, or <see langword="null"/> without IPv4. Key <c>FLANNEL_NETWORK</c>.</summary>
    public IPNetwork? Network { get; init; }

    /// <summary>
    /// The leased IPv4 subnet, or <see langword="null"/> without IPv4. Key <c>FLANNEL_SUBNET</c>, there as its first address plus one.
    /// </summary>
    public IPNetwork? Subnet { get; init; }

    /// <summary>The whole IPv6 overlay range, or <see langword="null"/> without IPv6. Key <c>FLANNEL_IPV6_NETWORK</c>.</summary>
    public IPNetwork? IPv6Network { get; init; }

    /// <summary>
    /// The leased IPv6 subnet, or <see langword="null"/> without IPv6. Key <c>FLANNEL_IPV6_SUBNET</c>, there as its first address plus one.
    /// </summary>
    public IPNetwork? IPv6Subnet { get; init; }

    /// <summary>The overlay's MTU in bytes; 0 if a file that was read names none. Key <c>FLANNEL_MTU</c>.</summary>
    public int Mtu { get; init; }

    /// <summary>Whether the node masquerades traffic that leaves the overlay. Key <c>FLANNEL_IPMASQ</c>.</summary>
    public bool IpMasq { get; init; }

    /// <summary>The lease that the file names, or <see langword="null"/> if it names no subnet.</summary>
    public SubnetKey? Key => Subnet is null && IPv6Subnet is null ? null : new SubnetKey(Subnet, IPv6Subnet);

    /// <summary>The file's text, byte for byte as flannel writes it. The CNI plugin reads it too and knows no quotes, blanks or comments.</summary>
    /// <exception cref="InvalidOperationException">A subnet is so small that it has no second address.</exception>
    public string ToText()
    {
        var text = new StringBuilder(200);
        AppendFamily(text, (NetworkKey, Network), (SubnetKeyName, Subnet));
        AppendFamily(text, (IPv6NetworkKey, IPv6Network), (IPv6SubnetKey, IPv6Subnet));
        text.Append(CultureInfo.InvariantCulture, $"{MtuKey}={Mtu}\n{IpMasqKey}={(IpMasq ? "true" : "false")}\n");
        return text.ToString();
    }

    private static void AppendFamily(StringBuilder text, (string Key, IPNetwork? Value) network, (string Key, IPNetwork? Value) subnet)
    {
        if (network.Value is { } whole)
        {
            text.Append(CultureInfo.InvariantCulture, $"{network.Key}={new Subnet(whole)}\n");
        }

        if (subnet.Value is { } leased)
        {
            text.Append(CultureInfo.InvariantCulture, $"{subnet.Key}={AddressText.Format(new Subnet(leased).FirstHost)}/{leased.PrefixLength}\n");
        }
    }
}

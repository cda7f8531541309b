using System.Net;
using System.Net.Sockets;
using Flannel.Store.Kubernetes.Access;
using Flannel.Store.Kubernetes.Objects;

namespace Flannel.Store.Kubernetes.Nodes;

/// <summary>The subnets that the cluster gave to a Node, by family.</summary>
/// <param name="IPv4">The first IPv4 subnet, or <see langword="null"/>.</param>
/// <param name="IPv6">The first IPv6 subnet, or <see langword="null"/>.</param>
internal readonly record struct NodeSubnets(IPNetwork? IPv4, IPNetwork? IPv6)
{
    // One of each family, as Kubernetes has it.
    private const int MaxCount = 2;

    /// <summary>Reads a Node's <c>spec.podCIDRs</c>.</summary>
    /// <param name="node">The Node.</param>
    /// <param name="problem">What is wrong with them, or <see langword="null"/>; a Node that has none yet is no problem.</param>
    public static NodeSubnets Read(ApiObject node, out string? problem)
    {
        problem = null;
        if (node.PodCidrs.Count > MaxCount)
        {
            problem = $"it has {node.PodCidrs.Count} podCIDRs; one of each address family is expected";
            return default;
        }

        NodeSubnets subnets = default;
        foreach (string text in node.PodCidrs)
        {
            if (TryParse(text) is not { } subnet)
            {
                problem = $"its podCIDR {ForeignText.Show(text)} is no range of addresses for a Node";
                return default;
            }

            subnets = subnet.BaseAddress.AddressFamily == AddressFamily.InterNetwork
                ? subnets with { IPv4 = subnets.IPv4 ?? subnet }
                : subnets with { IPv6 = subnets.IPv6 ?? subnet };
        }

        return subnets;
    }

    /// <summary>The key of the families that are asked for, or <see langword="null"/> if one of them is missing.</summary>
    public SubnetKey? KeyFor(NetworkConfig config) =>
        (config.EnableIPv4 && IPv4 is null) || (config.EnableIPv6 && IPv6 is null)
            ? null
            : new SubnetKey(config.EnableIPv4 ? IPv4 : null, config.EnableIPv6 ? IPv6 : null);

    // Bits behind the length do not count, as for flannel. A length that no key can have is none.
    private static IPNetwork? TryParse(string text)
    {
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || AddressForm.Parse(text[..slash]) is not { } address || !TryParseLength(text.AsSpan(slash + 1), out int length))
            return null;
        byte[] bytes = address.GetAddressBytes();
        bool isIPv4 = bytes.Length == 4;
        if (length > (isIPv4 ? 31 : 127) || length < (isIPv4 ? 1 : 0))
            return null;
        for (int bit = length; bit < bytes.Length * 8; bit++)
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        return new IPNetwork(new IPAddress(bytes), length);
    }

    private static bool TryParseLength(ReadOnlySpan<char> text, out int length) =>
        int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out length)
            && (text is ['0'] || text is not ['0', ..]);
}

using System.Net;
using Flannel.Core.Addressing;
using Flannel.Core.Configuration;
using Flannel.Extensibility;

namespace Flannel;

/// <summary>
/// The configuration of one overlay network, shared by all its nodes through the store: flannel's <c>config</c> document. An instance that
/// <see cref="Parse(ReadOnlySpan{byte}, string)"/> or <see cref="Validate"/> returned keeps every rule and has its defaults filled in.
/// </summary>
public sealed partial record NetworkConfig
{
    private const string DefaultBackendType = "udp";

    /// <summary>Whether nodes lease IPv4 subnets. Default <see langword="true"/>. JSON key <c>EnableIPv4</c>.</summary>
    public bool EnableIPv4 { get; init; } = true;

    /// <summary>Whether nodes lease IPv6 subnets. Default <see langword="false"/>. JSON key <c>EnableIPv6</c>.</summary>
    public bool EnableIPv6 { get; init; }

    /// <summary>Whether traffic rules go to nftables instead of iptables. Default <see langword="false"/>. JSON key <c>EnableNFTables</c>.</summary>
    public bool EnableNFTables { get; init; }

    /// <summary>The whole IPv4 overlay range; mandatory with IPv4. JSON key <c>Network</c>.</summary>
    public IPNetwork? Network { get; init; }

    /// <summary>The whole IPv6 overlay range; mandatory with IPv6. JSON key <c>IPv6Network</c>.</summary>
    public IPNetwork? IPv6Network { get; init; }

    /// <summary>
    /// The prefix length of each node's IPv4 subnet: at most 30, at least the network's length plus 2; 0 lets it be computed (24, or the network's
    /// length plus 2 for networks longer than /22). JSON key <c>SubnetLen</c>.
    /// </summary>
    public int SubnetLength { get; init; }

    /// <summary>The first IPv4 subnet that may be leased; default (also for 0.0.0.0) the second of the network. JSON key <c>SubnetMin</c>.</summary>
    public IPAddress? SubnetMin { get; init => field = IPAddress.Any.Equals(value) ? null : value; }

    /// <summary>The last IPv4 subnet that may be leased; default (also for 0.0.0.0) the last of the network. JSON key <c>SubnetMax</c>.</summary>
    public IPAddress? SubnetMax { get; init => field = IPAddress.Any.Equals(value) ? null : value; }

    /// <summary>
    /// The prefix length of each node's IPv6 subnet: at most 126, at least the network's length plus 2; 0 lets it be computed (64, or the
    /// network's length plus 2 for networks longer than /62). JSON key <c>IPv6SubnetLen</c>.
    /// </summary>
    public int IPv6SubnetLength { get; init; }

    /// <summary>The first IPv6 subnet that may be leased; default (also for ::) the second of the network. JSON key <c>IPv6SubnetMin</c>.</summary>
    public IPAddress? IPv6SubnetMin { get; init => field = IPAddress.IPv6Any.Equals(value) ? null : value; }

    /// <summary>The last IPv6 subnet that may be leased; default (also for ::) the last of the network. JSON key <c>IPv6SubnetMax</c>.</summary>
    public IPAddress? IPv6SubnetMax { get; init => field = IPAddress.IPv6Any.Equals(value) ? null : value; }

    /// <summary>
    /// The <c>Backend</c> block as JSON text for the backend to bind, compact if it is JSON at all; <see langword="null"/> without a block.
    /// Setting it sets <see cref="BackendType"/>.
    /// </summary>
    public string? Backend
    {
        get;
        init => (field, BackendType) = value is null ? (null, DefaultBackendType) : BackendBlock.Read(value, out _);
    }

    /// <summary>
    /// The backend's name in lower case: the block's <c>Type</c>, <c>udp</c> without a block (flannel's default), empty if a block names none.
    /// </summary>
    public string BackendType { get; private init; } = DefaultBackendType;

    /// <summary>The IPv4 subnets that may be leased, or <see langword="null"/> without IPv4. For validated instances.</summary>
    internal SubnetRange? IPv4Subnets => EnableIPv4 ? RangeOf(SubnetMin, SubnetMax, SubnetLength) : null;

    /// <summary>The IPv6 subnets that may be leased, or <see langword="null"/> without IPv6. For validated instances.</summary>
    internal SubnetRange? IPv6Subnets => EnableIPv6 ? RangeOf(IPv6SubnetMin, IPv6SubnetMax, IPv6SubnetLength) : null;

    /// <summary>The ranges and the backend's name on one line. The backend's block is left out: it may hold keys.</summary>
    public override string ToString()
    {
        string ipv4 = EnableIPv4 ? $"{Network} in subnets of /{SubnetLength}, " : "";
        string ipv6 = EnableIPv6 ? $"{IPv6Network} in subnets of /{IPv6SubnetLength}, " : "";
        return $"{ipv4}{ipv6}backend {VisibleText.Of(BackendType, 80)}";
    }

    private static SubnetRange RangeOf(IPAddress? first, IPAddress? last, int length) =>
        first is null || last is null
            ? throw new InvalidOperationException($"The network configuration is not validated; call {nameof(Validate)} first.")
            : new SubnetRange(new Subnet(first, length), new Subnet(last, length));
}

using System.Net;

namespace Flannel.Core.Configuration;

/// <summary>
/// The configuration of one overlay network, shared by all its nodes through the store: flannel's <c>config</c> document. An instance that
/// <c>Parse</c> returned keeps every rule and has its defaults filled in.
/// </summary>
public sealed partial record NetworkConfig
{
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

    /// <summary>The prefix length of each node's IPv4 subnet: at most 30, at least the network's length plus 2; 0 lets it be computed. JSON key <c>SubnetLen</c>.</summary>
    public int SubnetLength { get; init; }

    /// <summary>The first IPv4 subnet that may be leased; default the second of the network. JSON key <c>SubnetMin</c>.</summary>
    public IPAddress? SubnetMin { get; init; }

    /// <summary>The last IPv4 subnet that may be leased; default the last of the network. JSON key <c>SubnetMax</c>.</summary>
    public IPAddress? SubnetMax { get; init; }

    /// <summary>The prefix length of each node's IPv6 subnet: at most 126, at least the network's length plus 2; 0 lets it be computed. JSON key <c>IPv6SubnetLen</c>.</summary>
    public int IPv6SubnetLength { get; init; }

    /// <summary>The first IPv6 subnet that may be leased; default the second of the network. JSON key <c>IPv6SubnetMin</c>.</summary>
    public IPAddress? IPv6SubnetMin { get; init; }

    /// <summary>The last IPv6 subnet that may be leased; default the last of the network. JSON key <c>IPv6SubnetMax</c>.</summary>
    public IPAddress? IPv6SubnetMax { get; init; }

    /// <summary>The <c>Backend</c> block as raw JSON text for the backend to bind; <see langword="null"/> if the document has none.</summary>
    public string? Backend { get; init; }

    /// <summary>The backend's name in lower case: the block's <c>Type</c>, <c>udp</c> without a block (flannel's default), empty if a block names none.</summary>
    public string BackendType { get; init; } = "udp";
}

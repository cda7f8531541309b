using System.Net;
using Flannel.Extensibility;

namespace Flannel.Linux.Tests.Traffic;

/// <summary>The policies that the tests share.</summary>
internal static class TrafficPolicies
{
    internal static readonly TrafficRange IPv4 = new(IPNetwork.Parse("10.5.0.0/16"), IPNetwork.Parse("10.5.1.0/24"));
    internal static readonly TrafficRange IPv6 = new(IPNetwork.Parse("fc00:5::/48"), IPNetwork.Parse("fc00:5:0:1::/64"));

    /// <summary>Masquerades and forwards one family or both.</summary>
    internal static TrafficPolicy Policy(string? networkNamespace = null, bool dualStack = false, string name = "") => new()
    {
        NetworkName = name,
        NetworkNamespace = networkNamespace,
        Ranges = dualStack ? [IPv4, IPv6] : [IPv4],
        Masquerade = true,
        Forward = true,
        ResyncInterval = TimeSpan.FromMinutes(10), // a test that needs a look by the clock says so
    };
}

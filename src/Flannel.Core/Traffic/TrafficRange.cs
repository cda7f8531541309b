using System.Net;

namespace Flannel.Core.Traffic;

/// <summary>One address family of an overlay, as the packet filter sees it.</summary>
/// <param name="Network">The whole overlay range.</param>
/// <param name="Subnet">The node's own lease.</param>
public sealed record TrafficRange(IPNetwork Network, IPNetwork Subnet);

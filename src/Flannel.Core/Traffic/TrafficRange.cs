using System.Net;

namespace Flannel.Extensibility;

/// <summary>One address family of an overlay, as the packet filter sees it.</summary>
/// <param name="Network">The whole overlay range.</param>
/// <param name="Subnet">The node's own lease.</param>
public sealed record TrafficRange(IPNetwork Network, IPNetwork Subnet);

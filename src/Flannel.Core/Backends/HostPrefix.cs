using System.Net;

namespace Flannel.Core.Backends;

/// <summary>One address or route that the host has, as far as it matters for telling whether the overlay's range collides with it.</summary>
/// <param name="Prefix">The address's network or the route's destination.</param>
/// <param name="Device">The interface's name; empty for a route without one (blackhole).</param>
/// <param name="IsAddress">Whether it is an address of the interface rather than a route.</param>
/// <param name="Gateway">The route's next hop, or <see langword="null"/>.</param>
public sealed record HostPrefix(IPNetwork Prefix, string Device, bool IsAddress, IPAddress? Gateway)
{
    /// <summary>The prefix as an operator would name it.</summary>
    public override string ToString() =>
        (IsAddress ? "address " : "route ") + Prefix + (Gateway is null ? "" : $" via {Gateway}") + (Device.Length == 0 ? "" : $" on {Device}");
}

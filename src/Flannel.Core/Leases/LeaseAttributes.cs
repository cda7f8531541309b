using System.Net;

namespace Flannel.Core.Leases;

/// <summary>
/// What a lease's holder publishes: the value stored under the lease's key, in flannel's JSON document
/// (<c>{"PublicIP":…,"PublicIPv6":…,"BackendType":…,"BackendData":…,"BackendV6Data":…}</c>).
/// </summary>
public sealed partial record LeaseAttributes
{
    /// <summary>The address at which peers reach the host over IPv4; <see langword="null"/> is written as <c>"0.0.0.0"</c>.</summary>
    public IPAddress? PublicIP { get; init; }

    /// <summary>The address at which peers reach the host over IPv6; written as <c>null</c> when absent.</summary>
    public IPAddress? PublicIPv6 { get; init; }

    /// <summary>The backend's name, such as <c>vxlan</c>; <see langword="null"/> for backends that publish none (udp, alloc).</summary>
    public string? BackendType { get; init; }

    /// <summary>The backend's data for IPv4 as compact JSON text, or <see langword="null"/>.</summary>
    public string? BackendData { get; init; }

    /// <summary>The backend's data for IPv6 as compact JSON text, or <see langword="null"/>.</summary>
    public string? BackendV6Data { get; init; }
}

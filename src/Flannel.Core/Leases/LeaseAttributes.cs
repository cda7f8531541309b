using System.Net;
using System.Net.Sockets;
using Flannel.Core.Addressing;
using Flannel.Core.Json;

namespace Flannel;

/// <summary>
/// What a lease's holder publishes: the value stored under the lease's key, in flannel's JSON document
/// (<c>{"PublicIP":…,"PublicIPv6":…,"BackendType":…,"BackendData":…,"BackendV6Data":…}</c>).
/// </summary>
public sealed partial record LeaseAttributes
{
    private string? _backendData;
    private string? _backendV6Data;

    /// <summary>
    /// The address at which peers reach the host over IPv4; <see langword="null"/> (also set by 0.0.0.0) is written as <c>"0.0.0.0"</c>.
    /// </summary>
    /// <exception cref="ArgumentException">The address is not an IPv4 address.</exception>
    public IPAddress? PublicIP
    {
        get;
        init
        {
            RequireFamily(value, AddressFamily.InterNetwork, nameof(PublicIP));
            field = IPAddress.Any.Equals(value) ? null : value;
        }
    }

    /// <summary>The address at which peers reach the host over IPv6; written as <c>null</c> when absent.</summary>
    /// <exception cref="ArgumentException">The address is not an IPv6 address, or has a zone, which means nothing to another host.</exception>
    public IPAddress? PublicIPv6
    {
        get;
        init
        {
            RequireFamily(value, AddressFamily.InterNetworkV6, nameof(PublicIPv6));
            if (value is { ScopeId: not 0 })
            {
                throw new ArgumentException($"{value} has a zone, which means nothing to another host.", nameof(PublicIPv6));
            }

            field = value;
        }
    }

    /// <summary>
    /// The backend's name, such as <c>vxlan</c>; <see langword="null"/> (also set by "") for backends that publish none (udp, alloc).
    /// </summary>
    public string? BackendType { get; init => field = string.IsNullOrEmpty(value) ? null : value; }

    /// <summary>The backend's data for IPv4 as JSON text, kept compact as flannel writes it; or <see langword="null"/>.</summary>
    /// <exception cref="ArgumentException">The text is not JSON, or is nested more than seven deep.</exception>
    public string? BackendData { get => _backendData; init => _backendData = RequireJson(value, nameof(BackendData)); }

    /// <summary>The backend's data for IPv6 as JSON text, kept compact as flannel writes it; or <see langword="null"/>.</summary>
    /// <exception cref="ArgumentException">The text is not JSON, or is nested more than seven deep.</exception>
    public string? BackendV6Data { get => _backendV6Data; init => _backendV6Data = RequireJson(value, nameof(BackendV6Data)); }

    private static void RequireFamily(IPAddress? address, AddressFamily family, string property)
    {
        if (address is not null && address.AddressFamily != family)
        {
            throw new ArgumentException($"{address} is not an IPv{(AddressText.WidthOf(family) == 32 ? 4 : 6)} address.", property);
        }
    }

    private static string? RequireJson(string? text, string property) =>
        string.IsNullOrEmpty(text)
            ? null
            : GoJson.TryCompact(text, MaxDepth - 1)
                ?? throw new ArgumentException($"{GoJson.Excerpt(text)} is not JSON of at most {MaxDepth - 1} levels.", property);
}

using System.Net;
using System.Runtime.Versioning;

namespace Flannel.Linux.Interfaces;

/// <summary>What a selector found.</summary>
/// <param name="Interface">The interface.</param>
/// <param name="Address">The IPv4 address the selector settled on, or <see langword="null"/> to take the interface's best.</param>
/// <param name="AddressIPv6">The IPv6 address the selector settled on, or <see langword="null"/> to take the interface's best.</param>
/// <param name="IsByDefaultRoute">Whether the default route led to the interface.</param>
[SupportedOSPlatform("linux")]
internal sealed record InterfaceMatch(
    HostInterface Interface, IPAddress? Address = null, IPAddress? AddressIPv6 = null, bool IsByDefaultRoute = false);

namespace Flannel.Core.Configuration;

/// <summary>
/// How the external interface is chosen. The selectors are tried in the order <see cref="Names"/>, <see cref="Patterns"/>, <see cref="CanReach"/>;
/// with none of them the owner of the public address decides, and without that the default route.
/// </summary>
public sealed class ExternalInterfaceOptions
{
    /// <summary>An interface name or one of its addresses; a shorthand for the first of <see cref="Names"/>. flannel: <c>--iface</c>.</summary>
    public string? Name { get; set; }

    /// <summary>Interface names or addresses, tried in order after <see cref="Name"/>. flannel: <c>--iface</c>, repeated.</summary>
    public IList<string> Names { get; } = [];

    /// <summary>Regular expressions, tried in order against the interfaces' addresses, then against their names. flannel: <c>--iface-regex</c>.</summary>
    public IList<string> Patterns { get; } = [];

    /// <summary>An IP address; the interface that the kernel would use to reach it is taken. flannel: <c>--iface-can-reach</c>.</summary>
    public string? CanReach { get; set; }

    /// <summary>The IPv4 address to publish instead of the interface's own (NAT). flannel: <c>--public-ip</c>.</summary>
    public string? PublicIP { get; set; }

    /// <summary>The IPv6 address to publish instead of the interface's own. flannel: <c>--public-ipv6</c>.</summary>
    public string? PublicIPv6 { get; set; }
}

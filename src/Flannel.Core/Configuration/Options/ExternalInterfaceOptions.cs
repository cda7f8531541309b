using System.Net;

namespace Flannel;

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

    /// <summary>
    /// Regular expressions, tried in order against the interfaces' addresses, then against their names. flannel: <c>--iface-regex</c>.
    /// </summary>
    public IList<string> Patterns { get; } = [];

    /// <summary>An IP address; the interface that the kernel would use to reach it is taken. flannel: <c>--iface-can-reach</c>.</summary>
    public string? CanReach { get; set; }

    /// <summary>
    /// The IPv4 address by which other hosts reach this one. Published instead of the interface's own; without any of the selectors above it also
    /// selects the interface that has it, so behind NAT the interface must be named too. flannel: <c>--public-ip</c>.
    /// </summary>
    /// <value>A unicast address: not of loopback, not link-local.</value>
    public string? PublicIP { get; set; }

    /// <summary>
    /// The IPv6 address by which other hosts reach this one; as <see cref="PublicIP"/>, which selects first. flannel: <c>--public-ipv6</c>.
    /// </summary>
    /// <value>A unicast address: not of loopback, not link-local, not an IPv4 address in IPv6 form.</value>
    public string? PublicIPv6 { get; set; }

    /// <summary>The same choice with other public addresses, where there are any.</summary>
    internal ExternalInterfaceOptions With(IPAddress? publicIP, IPAddress? publicIPv6)
    {
        var other = new ExternalInterfaceOptions
        {
            Name = Name,
            CanReach = CanReach,
            PublicIP = publicIP?.ToString() ?? PublicIP,
            PublicIPv6 = publicIPv6?.ToString() ?? PublicIPv6,
        };
        foreach (string name in Names) other.Names.Add(name);
        foreach (string pattern in Patterns) other.Patterns.Add(pattern);
        return other;
    }
}

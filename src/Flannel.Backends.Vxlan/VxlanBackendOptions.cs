using System.ComponentModel.DataAnnotations;

namespace Flannel;

/// <summary>
/// This host's own choices for the VXLAN backend. What all hosts must agree on (<c>VNI</c>, <c>Port</c>, <c>MTU</c>, <c>GBP</c>, <c>Learning</c>,
/// <c>DirectRouting</c>) is in the network configuration's <c>Backend</c> block instead.
/// </summary>
/// <remarks>
/// They are read when the network is made; to change them, remove the network and create it again (<see cref="IFlannelNetworks"/>), or restart the
/// program.
/// </remarks>
public sealed class VxlanBackendOptions
{
    /// <summary>
    /// Above how many peers routes go through nexthop objects (kernel 5.3). Up to it the kernel holds exactly flannel's routes; beyond it plain
    /// routes would cost the kernel quadratic time.
    /// </summary>
    /// <value>0 (always nexthop objects) to 1000000. Default 500.</value>
    [Range(0, 1_000_000)]
    public int NexthopThreshold { get; set; } = 500;

    /// <summary>
    /// The MAC of the IPv4 device, such as <c>c6:d2:32:6f:8f:44</c>. Default <see langword="null"/>: the one published before, else the one of the
    /// device that exists, else a random one.
    /// </summary>
    /// <value>Six bytes in hexadecimal separated by colons; a unicast address, not zero.</value>
    public string? MacAddress { get; set; }

    /// <summary>The MAC of the IPv6 device; as <see cref="MacAddress"/>.</summary>
    /// <value>Six bytes in hexadecimal separated by colons; a unicast address, not zero.</value>
    public string? MacAddressIPv6 { get; set; }
}

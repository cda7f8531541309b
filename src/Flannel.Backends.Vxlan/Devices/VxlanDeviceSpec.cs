using System.Net;
using Flannel.Extensibility;

namespace Flannel.Backends.Vxlan.Devices;

/// <summary>What the device of one address family should be.</summary>
/// <param name="Name">The device's name.</param>
/// <param name="Config">The backend block of the network configuration.</param>
/// <param name="Family">The address family of the overlay and of the outer packets.</param>
internal sealed record VxlanDeviceSpec(string Name, VxlanBackendConfig Config, NetworkFamily Family)
{
    /// <summary>The bytes that the tunnel adds to a packet.</summary>
    public int Overhead => VxlanOverhead.Of(Family.Family);

    /// <summary>The length of the prefix of the device's address, which covers nothing else.</summary>
    public int AddressLength => Family.IsIPv6 ? 128 : 32;

    /// <summary>
    /// The source of outer packets. flannel takes the public address; the kernel drops every packet if no interface has that address, as behind a
    /// NAT, and then it has to be the interface's own.
    /// </summary>
    /// <param name="addresses">The host's addresses.</param>
    public IPAddress ChooseLocal(IEnumerable<IPAddress> addresses) =>
        addresses.Contains(Family.PublicAddress) ? Family.PublicAddress : Family.InterfaceAddress;
}

using System.Net;
using System.Net.NetworkInformation;
using Flannel.Containers.Addresses;

namespace Flannel.Containers.Devices;

/// <summary>How one container is connected.</summary>
/// <param name="Owner">Which.</param>
/// <param name="HostName">Name of the host's end.</param>
/// <param name="BridgeIndex">Index of the bridge; 0 without one.</param>
/// <param name="Addresses">The container's addresses.</param>
/// <param name="Ranges">What each of them is of.</param>
/// <param name="Destinations">What is reached through the host.</param>
/// <param name="Mac">The container's link-layer address.</param>
/// <param name="Mtu">Largest packet in bytes.</param>
internal sealed record Wiring(
    Owner Owner,
    string HostName,
    int BridgeIndex,
    IReadOnlyList<IPAddress> Addresses,
    IReadOnlyList<AddressRange> Ranges,
    IReadOnlyList<IPNetwork> Destinations,
    PhysicalAddress Mac,
    int Mtu);

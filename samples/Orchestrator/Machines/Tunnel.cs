using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Orchestrator.Machines;

/// <summary>A tunnel device of a host as it was at one moment.</summary>
/// <param name="Device">The device's name.</param>
/// <param name="Mac">The address of this end of a VXLAN tunnel (VTEP), to which the other hosts send.</param>
/// <param name="Family">The address family that travels through it; a TUN device takes both.</param>
/// <param name="Sent">The packets that had gone into it.</param>
/// <param name="Received">The packets that had come out of it.</param>
internal sealed record Tunnel(string Device, PhysicalAddress? Mac, AddressFamily? Family, ulong Sent, ulong Received);

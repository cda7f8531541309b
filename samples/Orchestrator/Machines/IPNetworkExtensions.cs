using System.Net;

namespace Orchestrator.Machines;

/// <summary>Counting addresses in a subnet.</summary>
internal static class IPNetworkExtensions
{
    /// <summary>The address at a place in the subnet: 0 is the subnet's own, 1 by custom the gateway's.</summary>
    public static IPAddress AddressAt(this IPNetwork network, int place)
    {
        byte[] bytes = network.BaseAddress.GetAddressBytes();
        bytes[^1] = checked((byte)(bytes[^1] + place));
        return new IPAddress(bytes);
    }
}

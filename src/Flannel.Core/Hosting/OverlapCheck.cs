using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Flannel.Core.Addressing;
using Flannel.Core.Backends;
using Flannel.Core.Configuration;
using Flannel.Core.Diagnostics;

namespace Flannel.Core.Hosting;

/// <summary>
/// Tells whether the range that subnets are leased from collides with what the host has. What counts is the range from the first to the last
/// leasable subnet, because only leased subnets are routed: a network may be wider than it dares to lease from.
/// </summary>
internal static class OverlapCheck
{
    /// <exception cref="NetworkOverlapException">The host has addresses or routes in the range that are neither the backend's nor in an own subnet.</exception>
    public static void ThrowIfOverlapping(
        NetworkConfig config, IReadOnlyList<HostPrefix> prefixes, IBackend backend, IReadOnlyCollection<SubnetKey> ownSubnets)
    {
        List<IPNetwork> own = [.. ownSubnets.SelectMany(key => new[] { key.Ipv4, key.Ipv6 }).OfType<IPNetwork>()];
        if (config.EnableIPv4) Check(config.SubnetMin!, config.SubnetMax!, config.SubnetLength);
        if (config.EnableIPv6) Check(config.IPv6SubnetMin!, config.IPv6SubnetMax!, config.IPv6SubnetLength);

        void Check(IPAddress minimum, IPAddress maximum, int length)
        {
            UInt128 first = ToNumber(minimum);
            UInt128 last = Last(new IPNetwork(maximum, length));
            List<HostPrefix> conflicts =
            [
                .. prefixes.Where(prefix =>
                    prefix.Prefix.BaseAddress.AddressFamily == minimum.AddressFamily
                    && ToNumber(prefix.Prefix.BaseAddress) <= last
                    && Last(prefix.Prefix) >= first
                    && !own.Exists(subnet => Contains(subnet, prefix.Prefix))
                    && !backend.Owns(prefix, config)),
            ];
            if (conflicts.Count > 0) throw new NetworkOverlapException($"{minimum}/{length} to {maximum}/{length}", conflicts);
        }
    }

    private static bool Contains(IPNetwork outer, IPNetwork inner) => inner.PrefixLength >= outer.PrefixLength && outer.Contains(inner.BaseAddress);

    private static UInt128 Last(IPNetwork network)
    {
        int hostBits = (network.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? 32 : 128) - network.PrefixLength;
        UInt128 hosts = hostBits == 128 ? UInt128.MaxValue : (UInt128.One << hostBits) - 1;
        return ToNumber(network.BaseAddress) | hosts;
    }

    private static UInt128 ToNumber(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out int length);
        return length == 4 ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }
}

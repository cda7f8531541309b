using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Flannel.Core.Leases.Allocation;
using Flannel.Extensibility;

namespace Flannel.Core.Sessions;

/// <summary>
/// Tells whether the range that subnets are leased from collides with what the host has. What counts is the range from the first to the last
/// leasable subnet, because only leased subnets are routed: a network may be wider than it dares to lease from. A route to no more than one host's
/// subnet is no collision, whoever made it: it concerns the peer that has the subnet, if any, and is reported where routes to peers are written.
/// Where subnets are wider than the configuration says, what a backend leaves that makes plain routes is none either: the peer may have departed.
/// </summary>
internal static class OverlapCheck
{
    /// <summary>Looks for collisions.</summary>
    /// <param name="config">The network.</param>
    /// <param name="prefixes">What the host has.</param>
    /// <param name="external">The external interface, which may be a bridge itself: that one is no leftover of a container engine.</param>
    /// <param name="backend">Knows what it left behind itself.</param>
    /// <param name="ownSubnets">The subnets that this host holds or held last.</param>
    /// <param name="view">Has the keys of all leases: a route to one of them is how a peer is reached, whatever length subnets have today.</param>
    /// <returns>
    /// Bridges that still hold one subnet of the network, which this host had once: they are in nobody's way but of whoever gets that subnet, and
    /// the container engine that made them often starts after the agent.
    /// </returns>
    /// <exception cref="NetworkOverlapException">The host has other addresses or routes in the range.</exception>
    public static IReadOnlyList<HostPrefix> Check(
        NetworkConfig config,
        IReadOnlyList<HostPrefix> prefixes,
        ExternalInterface external,
        IBackend backend,
        IReadOnlyCollection<SubnetKey> ownSubnets,
        ISubnetView view)
    {
        var peers = new Lazy<HashSet<IPNetwork>>(() => [.. NetworksOf(view.Leased)]); // thousands, and most hosts have no such route
        List<IPNetwork> own = [.. NetworksOf(ownSubnets)];
        List<HostPrefix> oldBridges = [];
        if (config.EnableIPv4) CheckFamily(config.Network!.Value, config.SubnetMin!, config.SubnetMax!, config.SubnetLength);
        if (config.EnableIPv6) CheckFamily(config.IPv6Network!.Value, config.IPv6SubnetMin!, config.IPv6SubnetMax!, config.IPv6SubnetLength);
        return oldBridges;

        void CheckFamily(IPNetwork network, IPAddress minimum, IPAddress maximum, int length)
        {
            UInt128 first = ToNumber(minimum);
            UInt128 last = Last(new IPNetwork(maximum, length));
            List<HostPrefix> conflicts =
            [
                .. prefixes.Where(prefix =>
                    prefix.Prefix.BaseAddress.AddressFamily == minimum.AddressFamily
                    && ToNumber(prefix.Prefix.BaseAddress) <= last
                    && Last(prefix.Prefix) >= first
                    && !IsNarrowRoute(prefix)
                    && !own.Exists(subnet => Contains(subnet, prefix.Prefix))
                    && !backend.Owns(prefix, config)
                    && !(!prefix.IsAddress && peers.Value.Contains(prefix.Prefix))
                    && !IsPlainRoute(prefix)),
            ];

            bool IsNarrowRoute(HostPrefix prefix) =>
                !prefix.IsAddress && prefix.Prefix.PrefixLength >= length && Contains(network, prefix.Prefix);

            bool IsPlainRoute(HostPrefix prefix) =>
                prefix is { IsAddress: false, Gateway: not null } && prefix.Device == external.Name
                && prefix.Prefix.PrefixLength > network.PrefixLength && Contains(network, prefix.Prefix)
                && own.Concat(peers.Value).Any(subnet => IsLike(subnet, prefix.Prefix));

            // A bridge shows as its address and as the route that comes with it; what it may hold is one host's subnet, whatever length those have
            // today.
            HashSet<string> bridges =
            [
                .. conflicts.GroupBy(static conflict => conflict.Device)
                    .Where(
                        device => device.Key != external.Name
                        && device.All(conflict => conflict is { IsOnBridge: true, Gateway: null } && conflict.Prefix == device.First().Prefix)
                        && Contains(network, device.First().Prefix)
                        && device.First().Prefix.PrefixLength >= network.PrefixLength + SubnetAllocator.SmallestSplit)
                    .Select(static device => device.Key),
            ];
            oldBridges.AddRange(conflicts.Where(conflict => bridges.Contains(conflict.Device)).DistinctBy(static conflict => conflict.Device));
            conflicts.RemoveAll(conflict => bridges.Contains(conflict.Device));
            if (conflicts.Count > 0) throw new NetworkOverlapException($"{minimum}/{length} to {maximum}/{length}", conflicts);
        }
    }

    private static IEnumerable<IPNetwork> NetworksOf(IReadOnlyCollection<SubnetKey> keys) =>
        keys.SelectMany(key => new[] { key.IPv4, key.IPv6 }).OfType<IPNetwork>();

    private static bool IsLike(IPNetwork subnet, IPNetwork other) =>
        subnet.PrefixLength == other.PrefixLength && subnet.BaseAddress.AddressFamily == other.BaseAddress.AddressFamily;

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

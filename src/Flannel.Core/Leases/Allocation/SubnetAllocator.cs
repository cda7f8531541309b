using System.Net;
using Flannel.Core.Addressing;

namespace Flannel.Core.Leases.Allocation;

/// <summary>
/// Draws a free subnet, each free one of the whole pool with the same probability, so that nodes which start together seldom collide. (flannel draws
/// from the first hundred free ones only.)
/// </summary>
/// <remarks>
/// What is taken may have other lengths than the network's, because the network's may have changed while nodes hold old leases; it blocks whatever it
/// overlaps. A prefix too short to be anybody's lease (a network holds at least four subnets) blocks nothing: else one bad key could block the pool.
/// </remarks>
internal static class SubnetAllocator
{
    /// <summary>How much longer a subnet is than its network, at least.</summary>
    public const int SmallestSplit = 2;

    /// <summary>Draws subnets that overlap none of those taken; the IPv4 and the IPv6 subnet of a dual-stack network independently.</summary>
    /// <param name="config">The validated network configuration.</param>
    /// <param name="taken">The keys of all leases.</param>
    /// <param name="random">The source of random numbers.</param>
    /// <exception cref="SubnetPoolExhaustedException">Nothing is free in one of the families.</exception>
    public static SubnetKey Allocate(NetworkConfig config, ReadOnlySpan<SubnetKey> taken, Random random)
    {
        Subnet? ipv4 = config.IPv4Subnets is { } four ? Draw(config.Network!.Value, four, "", taken, random) : null;
        Subnet? ipv6 = config.IPv6Subnets is { } six ? Draw(config.IPv6Network!.Value, six, "IPv6", taken, random) : null;
        return new SubnetKey(ipv4, ipv6);
    }

    /// <summary>Whether all subnets of a key are free.</summary>
    /// <param name="config">The validated network configuration.</param>
    /// <param name="wanted">The key, which fits the network.</param>
    /// <param name="taken">The keys of all leases.</param>
    public static bool IsFree(NetworkConfig config, SubnetKey wanted, ReadOnlySpan<SubnetKey> taken) =>
        IsFree(config.Network, wanted.IPv4Subnet, taken) && IsFree(config.IPv6Network, wanted.IPv6Subnet, taken);

    private static bool IsFree(IPNetwork? network, Subnet? wanted, ReadOnlySpan<SubnetKey> taken)
    {
        if (wanted is not { } subnet)
            return true;

        foreach (ref readonly SubnetKey key in taken)
        {
            if (key.TryGetSubnet(subnet.Family, out UInt128 first, out int length)
                && length >= ShortestLease(network!.Value)
                && subnet.Overlaps(new Subnet(first, length, subnet.Family)))
            {
                return false;
            }
        }

        return true;
    }

    private static Subnet Draw(IPNetwork network, SubnetRange pool, string family, ReadOnlySpan<SubnetKey> taken, Random random) =>
        SubnetPool.Draw(pool, taken, ShortestLease(network), random) ?? throw Exhausted(network, pool, family, taken.Length);

    private static int ShortestLease(IPNetwork network) => network.PrefixLength + SmallestSplit;

    private static SubnetPoolExhaustedException Exhausted(IPNetwork network, SubnetRange pool, string family, int taken) =>
        new(
            network,
            $"No subnet is free in the network {network}: its pool has {pool.Count} subnets ({pool}), and the store holds {taken} leases. Delete " +
            $"the leases of hosts that are gone for good, wait until they expire, or enlarge the pool ({family}Network, {family}SubnetLen, " +
            $"{family}SubnetMin and {family}SubnetMax of the network configuration).");
}

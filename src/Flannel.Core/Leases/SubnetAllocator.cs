using System.Net;
using Flannel.Core.Addressing;
using Flannel.Core.Configuration;
using Flannel.Core.Diagnostics;

namespace Flannel.Core.Leases;

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
    private const int SmallestSplit = 2;

    /// <summary>Draws subnets that overlap none of those taken; the IPv4 and the IPv6 subnet of a dual-stack network independently.</summary>
    /// <param name="config">The validated network configuration.</param>
    /// <param name="taken">The keys of all leases.</param>
    /// <param name="random">Where chance comes from.</param>
    /// <exception cref="SubnetPoolExhaustedException">Nothing is free in one of the families.</exception>
    public static SubnetKey Allocate(NetworkConfig config, ReadOnlySpan<SubnetKey> taken, Random random)
    {
        Subnet? ipv4 = config.Ipv4Subnets is { } four
            ? SubnetPool.Draw(four, Blocking(taken, config.Network!.Value, static key => key.Ipv4Subnet), random)
                ?? throw Exhausted(config.Network.Value, four, "", taken.Length)
            : null;
        Subnet? ipv6 = config.Ipv6Subnets is { } six
            ? SubnetPool.Draw(six, Blocking(taken, config.IPv6Network!.Value, static key => key.Ipv6Subnet), random)
                ?? throw Exhausted(config.IPv6Network.Value, six, "IPv6", taken.Length)
            : null;
        return new SubnetKey(ipv4, ipv6);
    }

    /// <summary>Whether all subnets of a key are free.</summary>
    /// <param name="config">The validated network configuration.</param>
    /// <param name="wanted">The key, which fits the network.</param>
    /// <param name="taken">The keys of all leases.</param>
    public static bool IsFree(NetworkConfig config, SubnetKey wanted, ReadOnlySpan<SubnetKey> taken) =>
        IsFree(wanted.Ipv4Subnet, Blocking(taken, config.Network, static key => key.Ipv4Subnet))
        && IsFree(wanted.Ipv6Subnet, Blocking(taken, config.IPv6Network, static key => key.Ipv6Subnet));

    private static bool IsFree(Subnet? wanted, ReadOnlySpan<Subnet> blocking)
    {
        if (wanted is not { } subnet)
            return true;
        foreach (Subnet blocked in blocking)
        {
            if (blocked.Overlaps(subnet))
                return false;
        }

        return true;
    }

    private static ReadOnlySpan<Subnet> Blocking(ReadOnlySpan<SubnetKey> taken, IPNetwork? network, Func<SubnetKey, Subnet?> part)
    {
        var blocking = new Subnet[taken.Length];
        int count = 0;
        int shortest = network is { } whole ? whole.PrefixLength + SmallestSplit : 0;
        foreach (SubnetKey key in taken)
        {
            if (part(key) is { } subnet && subnet.PrefixLength >= shortest)
                blocking[count++] = subnet;
        }

        return blocking.AsSpan(0, count);
    }

    private static SubnetPoolExhaustedException Exhausted(IPNetwork network, SubnetRange pool, string family, int taken) =>
        new(
            network,
            $"No subnet is free in the network {network}: its pool has {pool.Count} subnets ({pool}), and the store holds {taken} leases. Delete the " +
            "leases of hosts that are gone for good, wait until they expire, or enlarge the pool " +
            $"({family}Network, {family}SubnetLen, {family}SubnetMin and {family}SubnetMax of the network configuration).");
}

using System.Net;
using Flannel.Core.Addressing;
using Flannel.Core.Configuration;
using Flannel.Core.Leases;
using Flannel.Core.Leases.Allocation;
using Flannel.Core.Observation;

namespace Flannel.Core.Administration;

/// <summary>Judges whether subnets can be reserved for a host.</summary>
/// <param name="config">The network's configuration.</param>
/// <param name="subnets">The subnets.</param>
/// <param name="holder">What names the host.</param>
internal sealed class ReservationReview(NetworkConfig config, SubnetKey subnets, LeaseAttributes holder)
{
    private readonly string _key = subnets.ToString();

    /// <summary>Whether a lease is the holder's, as far as its public address tells; nodes find theirs by the same.</summary>
    public bool IsHolders(StoredLease lease) =>
        lease.Attributes is { } attributes && AddressOf(holder) is { } address && address.Equals(AddressOf(attributes));

    /// <summary>Checks what does not depend on other leases.</summary>
    /// <exception cref="LeaseRefusedException">A host could not lease these subnets, or not this host.</exception>
    public void CheckForm()
    {
        if (config.EnableIPv4 != subnets.IPv4Subnet is not null || config.EnableIPv6 != subnets.IPv6Subnet is not null)
        {
            string wanted = (config.EnableIPv4, config.EnableIPv6) switch
            {
                (true, true) => "an IPv4 and an IPv6 subnet, such as 10.5.52.0-24&fd00::-64",
                (true, false) => "an IPv4 subnet only, such as 10.5.52.0-24",
                _ => "an IPv6 subnet only, such as 0.0.0.0-0&fd00::-64",
            };
            throw Refuse(LeaseRefusal.WrongFamilies, $"the network configuration gives each host {wanted}");
        }

        CheckSubnet(subnets.IPv4Subnet, config.Network, config.IPv4Subnets, FamilyRules.IPv4);
        CheckSubnet(subnets.IPv6Subnet, config.IPv6Network, config.IPv6Subnets, FamilyRules.IPv6);
        string addressKey = config.EnableIPv4 ? nameof(holder.PublicIP) : nameof(holder.PublicIPv6);
        if (AddressOf(holder) is null) throw Refuse(LeaseRefusal.UnusableAddress, $"its holder has no {addressKey}, by which the host would find it");
        CheckAddress(holder.PublicIP);
        CheckAddress(holder.PublicIPv6);
    }

    /// <summary>
    /// Checks that nobody else has addresses of the subnets, and that the host has no other ones. The reservation itself does not count.
    /// </summary>
    /// <exception cref="LeaseRefusedException">The subnets are taken, or the host would keep another one.</exception>
    public void CheckRoom(ObservedNetwork network)
    {
        StoredLease[] taken = [.. network.Sorted.Where(other => !IsItself(other) && other.Subnets is { } key && Overlaps(key))];
        if (taken.Length > 0)
            throw Refuse(LeaseRefusal.Taken, $"it is taken by {ConfigReview.Name(taken)}; revoke that first, or choose another one", taken);

        // A lease that no longer fits is given up by the host when it starts.
        StoredLease[] held = [.. network.Sorted.Where(other => other.Key != _key && IsHolders(other) && IsFit(other))];
        if (held.Length > 0)
        {
            throw Refuse(
                LeaseRefusal.HostHoldsAnother,
                $"its host holds {ConfigReview.Name(held)}, and would keep it. Reserve that, or stop the host and revoke it first",
                held);
        }
    }

    private bool IsFit(StoredLease other) => other.Subnets is { } key && LeaseRules.Fits(config, key);

    private bool IsItself(StoredLease other) => other.Key == _key && IsHolders(other);

    private void CheckSubnet(Subnet? given, IPNetwork? range, SubnetRange? pool, FamilyRules family)
    {
        if (given is not { } subnet || range is not { } network || pool is not { } leasable) return;
        if (!new Subnet(network).Contains(subnet)) throw Refuse(LeaseRefusal.OutsideNetwork, $"{subnet} is outside the network {network}");
        if (subnet.PrefixLength != leasable.PrefixLength)
        {
            throw Refuse(
                LeaseRefusal.WrongLength,
                $"{subnet} is a /{subnet.PrefixLength}, and the network configuration gives each host a /{leasable.PrefixLength}");
        }

        if (!leasable.TryGetIndex(subnet, out _))
        {
            throw Refuse(
                LeaseRefusal.OutsidePool,
                $"{subnet} is not among the subnets that hosts may lease, {leasable} ({family.MinKey} and {family.MaxKey} of the configuration)");
        }
    }

    private void CheckAddress(IPAddress? address)
    {
        if (address is null) return;
        if (PublicAddressRules.Refuse(address) is { } reason) throw Refuse(LeaseRefusal.UnusableAddress, $"its holder's address {address} {reason}");
        foreach (IPNetwork? range in (IPNetwork?[])[config.EnableIPv4 ? config.Network : null, config.EnableIPv6 ? config.IPv6Network : null])
        {
            if (range is { } network && network.Contains(address))
                throw Refuse(LeaseRefusal.UnusableAddress, $"its holder's address {address} is inside the overlay's network {network}");
        }
    }

    // A prefix too short to be anybody's lease blocks nothing, as in the allocator.
    private bool Overlaps(SubnetKey other) => !SubnetAllocator.IsFree(config, subnets, [other]);

    private IPAddress? AddressOf(LeaseAttributes attributes) => config.EnableIPv4 ? attributes.PublicIP : attributes.PublicIPv6;

    private LeaseRefusedException Refuse(LeaseRefusal reason, string why, IReadOnlyList<StoredLease>? conflicting = null) =>
        new(reason, _key, $"{_key} cannot be reserved for {AddressOf(holder)?.ToString() ?? "a host"}: {why}.", conflicting);
}

using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Flannel.Extensibility;
using SocketAddress = Flannel.Backends.Udp.Sockets.SocketAddress;

namespace Flannel.Backends.Udp.Peers;

/// <summary>
/// The peers as the control plane knows them, and the tables that the data path gets of them. A peer that stays keeps its endpoints, and so its
/// counters. Not for several threads at once.
/// </summary>
/// <param name="spec">What the network is.</param>
internal sealed class PeerDirectory(UdpSpec spec)
{
    private readonly Dictionary<SubnetKey, Entry> _entries = [];
    private ImmutableDictionary<SubnetKey, string> _limits = ImmutableDictionary<SubnetKey, string>.Empty;

    /// <summary>The subnets whose packets do not come to the device, each with the reason.</summary>
    public IReadOnlyDictionary<IPNetwork, string> Hidden { get; set; } = ImmutableDictionary<IPNetwork, string>.Empty;

    /// <summary>The peers that can be reached in part only, or not at all, each with the reason.</summary>
    public ImmutableDictionary<SubnetKey, string> Problems
    {
        get
        {
            if (Hidden.Count == 0) return _limits;
            ImmutableDictionary<SubnetKey, string>.Builder problems = _limits.ToBuilder();
            foreach ((SubnetKey key, Entry entry) in _entries)
            {
                string[] reasons = [.. entry.Subnets.Select(subnet => Hidden.GetValueOrDefault(subnet.Subnet)).OfType<string>()];
                if (reasons.Length == 0) continue;
                problems[key] = string.Join("; ", _limits.TryGetValue(key, out string? limit) ? [limit, .. reasons] : reasons);
            }

            return problems.ToImmutable();
        }
    }

    /// <summary>Replaces all peers.</summary>
    public void Replace(IReadOnlyList<Lease> peers)
    {
        HashSet<SubnetKey> kept = [.. peers.Select(static peer => peer.Key)];
        foreach (SubnetKey gone in _entries.Keys.Where(key => !kept.Contains(key)).ToArray()) Remove(gone);
        foreach (Lease peer in peers) Put(peer);
    }

    /// <summary>Changes the peers.</summary>
    public void Change(IReadOnlyList<LeaseChange> changes)
    {
        foreach (LeaseChange change in changes)
        {
            if (change.After is { } peer) Put(peer);
            else if (change.Before is { } gone) Remove(gone.Key);
        }
    }

    /// <summary>The table of the peers as they are now.</summary>
    public PeerTable BuildTable()
    {
        NetworkFamily? ipv4 = spec.Find(AddressFamily.InterNetwork);
        return new PeerTable([.. _entries.Values.SelectMany(static entry => entry.Subnets)], ipv4?.Network, ipv4?.SubnetLength ?? 0);
    }

    /// <summary>The peers as the guard of one address family has to know them.</summary>
    public IReadOnlyCollection<GuardedPeer> GetGuarded(NetworkFamily family) =>
    [
        .. _entries.SelectMany(entry => entry.Value.Subnets
            .Where(subnet => subnet.Subnet.BaseAddress.AddressFamily == family.Family)
            .Select(subnet => new GuardedPeer(entry.Key, subnet.Endpoint.Address.ToIPAddress(), subnet.Subnet))),
    ];

    /// <summary>What went to a peer and came from it; <see langword="null"/> if it is none.</summary>
    public PeerStatistics? FindStatistics(SubnetKey peer) => _entries.TryGetValue(peer, out Entry? entry) ? entry.ToStatistics() : null;

    /// <summary>What went to every peer and came from it.</summary>
    public IReadOnlyList<KeyValuePair<SubnetKey, PeerStatistics>> GetStatistics() =>
        [.. _entries.Select(static entry => KeyValuePair.Create(entry.Key, entry.Value.ToStatistics()))];

    /// <summary>Why a peer cannot be a peer at all; <see langword="null"/> if it can.</summary>
    public string? Check(Lease peer)
    {
        if (peer.Attributes.BackendType is { } type and not UdpBackend.TypeName)
            return $"its backend is '{VisibleText.Of(type, 80)}', ours is {UdpBackend.TypeName}, which publishes none";
        List<string> reasons = [];
        foreach (NetworkFamily family in spec.Families)
        {
            if (TryReach(peer, family, out _, out _, out string? reason)) return null;
            reasons.Add(reason);
        }

        return string.Join("; ", reasons.Distinct());
    }

    private void Put(Lease peer)
    {
        _entries.TryGetValue(peer.Key, out Entry? before);
        var subnets = new List<PeerSubnet>();
        var reasons = new List<string>();
        foreach (NetworkFamily family in spec.Families)
        {
            if (!TryReach(peer, family, out IPNetwork subnet, out SocketAddress address, out string? reason)) reasons.Add(reason);
            else subnets.Add(new PeerSubnet(subnet, before?.Find(address) ?? new PeerEndpoint(peer.Key, address, spec.Options.ThreadPairs)));
        }

        _entries[peer.Key] = new Entry(subnets);
        _limits = reasons.Count == 0 ? _limits.Remove(peer.Key) : _limits.SetItem(peer.Key, string.Join("; ", reasons));
    }

    private void Remove(SubnetKey key)
    {
        _entries.Remove(key);
        _limits = _limits.Remove(key);
    }

    private bool TryReach(Lease peer, NetworkFamily family, out IPNetwork subnet, out SocketAddress address, [NotNullWhen(false)] out string? reason)
    {
        (subnet, address, reason) = (default, default, null);
        string name = family.IsIPv6 ? "IPv6" : "IPv4";
        (IPNetwork? leased, IPAddress? host) = family.IsIPv6
            ? (peer.SubnetIPv6, peer.Attributes.PublicIPv6)
            : (peer.Subnet, peer.Attributes.PublicIP);
        UdpLeaseData? data = null;
        if (leased is null) reason = $"it has no {name} subnet";
        else if (host is null) reason = $"it publishes no {name} address";
        else if (family.IsIPv6 && peer.Attributes.BackendV6Data is null) reason = "it does not say that it carries IPv6, as flannel's udp does not";
        else if (family.IsIPv6 && !UdpLeaseData.TryParse(peer.Attributes.BackendV6Data, out data, out string? problem))
            reason = $"its BackendV6Data {problem}";
        if (reason is not null) return false;
        subnet = leased!.Value;
        address = new SocketAddress(host!, data?.Port ?? spec.Port);
        return true;
    }

    /// <summary>One peer: a subnet for each address family in which it can be reached.</summary>
    private sealed record Entry(IReadOnlyList<PeerSubnet> Subnets)
    {
        private IEnumerable<PeerEndpoint> Endpoints => Subnets.Select(static subnet => subnet.Endpoint);

        public PeerEndpoint? Find(SocketAddress address) => Endpoints.FirstOrDefault(endpoint => endpoint.Address.IsSame(address));

        public PeerStatistics ToStatistics()
        {
            (long sentPackets, long sentBytes, long receivedPackets, long receivedBytes) = (0, 0, 0, 0);
            foreach (PeerEndpoint endpoint in Endpoints)
            {
                foreach (ref PeerCounters counters in endpoint.Counters.AsSpan())
                {
                    sentPackets += Volatile.Read(ref counters.SentPackets);
                    sentBytes += Volatile.Read(ref counters.SentBytes);
                    receivedPackets += Volatile.Read(ref counters.ReceivedPackets);
                    receivedBytes += Volatile.Read(ref counters.ReceivedBytes);
                }
            }

            return new PeerStatistics(sentPackets, sentBytes, receivedPackets, receivedBytes);
        }
    }
}

using System.Net;
using Flannel.Core.Leases;
using Flannel.Core.Leases.Peers;
using Microsoft.Extensions.Logging;

namespace Flannel.Extensibility;

/// <summary>
/// Follows the other hosts for an <see cref="ISubnetManager"/>: judges what a store says of them by the rules that protect a node from its peers,
/// keeps bad entries apart, lets peers go only after their grace, and tells the node what differs by value. Not safe for concurrent use.
/// </summary>
/// <remarks>
/// What it tells goes into the queue that it was given, as <see cref="ISubnetMembership.WatchAsync"/> wants it: a <see cref="QuarantineChanged"/> if
/// something is refused, then the first peers as one <see cref="LeaseSnapshot"/>, afterwards only <see cref="LeaseChanges"/>. Times are counted from
/// any fixed moment.
/// </remarks>
public sealed partial class PeerTracker
{
    // Whoever writes refused leases without pause must not fill the log.
    private static readonly TimeSpan RefusalLogPause = TimeSpan.FromSeconds(10);

    // The longest key that can be a subnet's is shorter.
    private const int MaxKey = 128;

    private readonly DepartureGrace _departures;
    private readonly Queue<SubnetEvent> _results;
    private readonly ILogger _logger;
    private RefusedLeases _unlogged;
    private int _total;
    private TimeSpan _refusalLogAt;
    private readonly TimeSpan _massGrace;
    private int _retained;

    /// <summary>Creates the tracker.</summary>
    /// <param name="request">The request that acquired the own lease.</param>
    /// <param name="own">The own subnets, which no peer may overlap.</param>
    /// <param name="limits">Limits and the grace of peers that leave.</param>
    /// <param name="results">Where to put what the node is told.</param>
    /// <param name="logger">Where to log what is refused.</param>
    public PeerTracker(LeaseRequest request, SubnetKey own, PeerLimits limits, Queue<SubnetEvent> results, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(limits);
        ArgumentNullException.ThrowIfNull(results);
        ArgumentNullException.ThrowIfNull(logger);
        var rules = new LeaseRules(request.Config, request.Attributes, own, limits.AreSubnetsAssigned);
        Leases = new PeerLeases(request.Config, rules, request.PeerRule, own, limits.MaxPeers, limits.MaxQuarantined);
        _departures = new DepartureGrace(limits.GracePeriod, limits.MassRemovalGracePeriod, request.Peers, Leases.HasPlaceFor);
        _massGrace = limits.MassRemovalGracePeriod;
        _results = results;
        _logger = logger;
    }

    /// <summary>The store revision up to which everything is known.</summary>
    public long Revision => Leases.Revision;

    /// <summary>Whether <see cref="Replace"/> would find peers that were left out for want of room.</summary>
    public bool HasRoomForLeftOut => Leases.HasRoomForLeftOut;

    /// <summary>When <see cref="CatchUp"/> has something to do; the end of time if never.</summary>
    public TimeSpan DueAt => _unlogged.Count > 0 && _refusalLogAt < _departures.DueAt ? _refusalLogAt : _departures.DueAt;

    internal PeerLeases Leases { get; }

    /// <summary>Judges a public address as every host judges its peers'.</summary>
    /// <param name="address">The address.</param>
    /// <param name="config">The network.</param>
    /// <returns>
    /// Why no host can be reached by it, as the end of a sentence (<c>is a loopback address</c>); <see langword="null"/> if one can.
    /// </returns>
    public static string? RefuseAddress(IPAddress address, NetworkConfig config)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(config);
        return PublicAddressRules.Refuse(address, LeaseRules.Networks(config));
    }

    /// <summary>Takes in every host that there is; who is not among them is gone.</summary>
    /// <param name="entries">Every host but the own one.</param>
    /// <param name="revision">The store revision that they show.</param>
    /// <param name="now">The time.</param>
    public void Replace(IEnumerable<PeerEntry> entries, long revision, TimeSpan now) => Tell(Leases.Replace(entries, revision), now);

    /// <summary>Takes in what changed, in order.</summary>
    /// <param name="changes">The changes; a host may occur more than once.</param>
    /// <param name="revision">The store revision up to which they reach.</param>
    /// <param name="now">The time.</param>
    public void Change(IEnumerable<PeerEntryChange> changes, long revision, TimeSpan now) => Tell(Leases.Change(changes, revision), now);

    /// <summary>Lets peers go whose grace is over, and logs what was held back.</summary>
    /// <param name="now">The time.</param>
    public void CatchUp(TimeSpan now)
    {
        if (_departures.Release(now) is { } gone) _results.Enqueue(gone);
        TellRetained();
        if (_unlogged.Count > 0 && now >= _refusalLogAt) LogRefusals(now);
    }

    internal void TakeIn(StoreEvent item, TimeSpan now)
    {
        SubnetEvent? found = Leases.Apply(item);
        // Nodes that were faster have put their leases back already; no node makes a configuration.
        Tell(found, now, isStoreEmpty: item is StoreSnapshot { Config: null } or StoreChanges { IsConfigDeleted: true });
    }

    private void Tell(SubnetEvent? found, TimeSpan now, bool isStoreEmpty = false)
    {
        SubnetEvent? peers = _departures.Pass(found, now, isStoreEmpty);
        NoticeRefused(Leases.TakeRefused());
        if (Leases.TakeQuarantine() is { } quarantine)
        {
            _total = quarantine.Total;
            _results.Enqueue(quarantine);
        }

        if (_unlogged.Count > 0 && now >= _refusalLogAt) LogRefusals(now);
        if (peers is not null) _results.Enqueue(peers);
        TellRetained();
    }

    private void TellRetained()
    {
        int retained = _departures.Retained;
        if (retained == _retained) return;
        if (_retained == 0) Log.Retained(_logger, retained, _massGrace);
        else if (retained == 0) Log.RetentionOver(_logger);
        _retained = retained;
        _results.Enqueue(new PeersRetained(retained));
    }

    private void NoticeRefused(RefusedLeases refused)
    {
        if (refused.Count == 0) return;
        _unlogged = _unlogged.Count == 0
            ? refused
            : new RefusedLeases(_unlogged.Count + refused.Count, _unlogged.Examples.Count > 0 ? _unlogged.Examples : refused.Examples);
    }

    private void LogRefusals(TimeSpan now)
    {
        string examples = string.Join(
            "; ",
            _unlogged.Examples.Select(static refused => $"{VisibleText.Of(refused.Key, MaxKey)} (revision {refused.Revision}): {refused.Reason}"));
        Log.Refused(_logger, _unlogged.Count, _total, examples + (_unlogged.Count > _unlogged.Examples.Count ? "; …" : ""));
        _unlogged = default;
        _refusalLogAt = now + RefusalLogPause;
    }
}

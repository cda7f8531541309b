using System.Collections.Immutable;
using Flannel.Core.Leases;
using Flannel.Core.Leases.Peers;
using Flannel.Extensibility;

namespace Flannel.Core.Observation;

/// <summary>
/// The configuration and the leases of a network as an outsider sees them: everything the store holds, each lease with the reason why nodes refuse
/// it. What it says follows from what the store holds, not from how that came about. Not safe for concurrent use.
/// </summary>
/// <param name="configSource">Where the configuration is read from, for messages.</param>
internal sealed class ObservedNetwork(string configSource)
{
    private readonly Dictionary<string, StoredEntry> _entries = new(StringComparer.Ordinal);
    private Dictionary<string, string> _refusals = [];
    private PeerLeases? _judge;

    /// <summary>The network configuration, or <see langword="null"/> if there is none.</summary>
    public StoredNetworkConfig? Config { get; private set; }

    /// <summary>Everything below the subnets' directory.</summary>
    public ImmutableDictionary<string, StoredLease> Leases { get; private set; } =
        ImmutableDictionary.Create<string, StoredLease>(StringComparer.Ordinal);

    /// <summary>The store revision up to which everything is known.</summary>
    public long Revision { get; private set; }

    /// <summary>The leases in the order of their keys.</summary>
    public IReadOnlyList<StoredLease> Sorted => [.. Leases.Values.OrderBy(static lease => lease.Key, StringComparer.Ordinal)];

    /// <summary>Reads one listing.</summary>
    public static ObservedNetwork Read(StoreSnapshot snapshot, string configSource)
    {
        var network = new ObservedNetwork(configSource);
        network.Apply(snapshot);
        return network;
    }

    /// <summary>Takes in what the store delivered.</summary>
    public void Apply(StoreEvent item)
    {
        var touched = new HashSet<string>(StringComparer.Ordinal);
        bool hasNewRules = item is StoreSnapshot snapshot ? TakeIn(snapshot, touched) : TakeIn((StoreChanges)item, touched);
        Revision = item.Revision;
        if (hasNewRules)
        {
            _judge = Config?.Config is { } config ? NewJudge(config) : null;
            touched.UnionWith(_entries.Keys);
        }

        NoticeRefusals(Judge(item, hasNewRules), touched);
        ImmutableDictionary<string, StoredLease>.Builder leases = Leases.ToBuilder();
        foreach (string key in touched)
        {
            if (_entries.TryGetValue(key, out StoredEntry? entry)) leases[key] = StoredLease.Read(entry, _refusals.GetValueOrDefault(key));
            else leases.Remove(key);
        }

        Leases = leases.ToImmutable();
        LastTouched = touched;
    }

    /// <summary>The only keys that the last item can have changed.</summary>
    public IReadOnlyCollection<string> LastTouched { get; private set; } = [];

    private bool TakeIn(StoreSnapshot snapshot, HashSet<string> touched)
    {
        touched.UnionWith(_entries.Keys);
        _entries.Clear();
        foreach (StoredEntry entry in snapshot.Entries) _entries[entry.Key] = entry;
        touched.UnionWith(_entries.Keys);
        return TakeInConfig(snapshot.Config, snapshot.ConfigRevision);
    }

    private bool TakeIn(StoreChanges changes, HashSet<string> touched)
    {
        foreach (StoreChange change in changes.Changes)
        {
            touched.Add(change.Key);
            if (change.Entry is { } entry) _entries[change.Key] = entry;
            else _entries.Remove(change.Key);
        }

        return (changes.Config is not null || changes.IsConfigDeleted) && TakeInConfig(changes.Config, changes.ConfigRevision);
    }

    /// <returns>Whether the rules that leases are judged by have changed.</returns>
    private bool TakeInConfig(ReadOnlyMemory<byte>? document, long revision)
    {
        NetworkConfig? before = Config?.Config;
        Config = StoredNetworkConfig.Read(document, revision, configSource);
        return Config?.Config != before;
    }

    /// <returns>Every refusal with its reason.</returns>
    private Dictionary<string, string> Judge(StoreEvent item, bool hasNewRules)
    {
        if (_judge is null) return [];
        _judge.Apply(hasNewRules ? new StoreSnapshot([.. _entries.Values], item.Revision) : item);
        _ = _judge.TakeRefused();
        return _judge.TakeQuarantine() is { } quarantine
            ? quarantine.Leases.ToDictionary(static lease => lease.Key, static lease => lease.Reason, StringComparer.Ordinal)
            : hasNewRules ? [] : _refusals;
    }

    private void NoticeRefusals(Dictionary<string, string> refusals, HashSet<string> touched)
    {
        if (ReferenceEquals(refusals, _refusals)) return;
        touched.UnionWith(_refusals.Where(pair => refusals.GetValueOrDefault(pair.Key) != pair.Value).Select(static pair => pair.Key));
        touched.UnionWith(refusals.Where(pair => _refusals.GetValueOrDefault(pair.Key) != pair.Value).Select(static pair => pair.Key));
        _refusals = refusals;
    }

    private static PeerLeases NewJudge(NetworkConfig config) =>
        new(config, LeaseRules.OfObservers(config), peerRule: null, own: null) { KeepsLastGood = false };
}

using Flannel.Core.Configuration;
using Flannel.Core.Leases.Policy;
using Flannel.Extensibility;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Leases.Peers;

/// <summary>
/// Follows the others: turns what the store delivers into what the node is told of its peers, of refused leases and of the network configuration. Not
/// safe for concurrent use.
/// </summary>
internal sealed class PeerFollower
{
    private readonly PeerTracker _tracker;
    private readonly NodeIdentity _identity;
    private readonly Queue<SubnetEvent> _results;
    private readonly NetworkConfig _config;
    private readonly string _configSource;

    private DocumentMark? _configDocument;
    private bool _isFirst = true;

    /// <param name="request">The request that acquired the own lease.</param>
    /// <param name="identity">Who the node is.</param>
    /// <param name="own">The own lease's key.</param>
    /// <param name="options">Limits and the grace of peers that leave.</param>
    /// <param name="configSource">Where the configuration is read from, for messages.</param>
    /// <param name="results">Where to put what the node is told.</param>
    /// <param name="logger">Where to log.</param>
    public PeerFollower(
        LeaseRequest request,
        NodeIdentity identity,
        SubnetKey own,
        SubnetManagerOptions options,
        string configSource,
        Queue<SubnetEvent> results,
        ILogger logger)
    {
        var limits = new PeerLimits
        {
            MaxPeers = options.MaxPeers,
            MaxQuarantined = options.MaxQuarantined,
            GracePeriod = options.PeerGracePeriod,
            MassRemovalGracePeriod = options.MassRemovalGracePeriod,
        };
        _tracker = new PeerTracker(request, own, limits, results, logger);
        _identity = identity;
        _results = results;
        _config = request.Config;
        _configSource = configSource;
    }

    /// <summary>
    /// Whether the node has read its configuration from the first listing that is taken in; otherwise it is told of it, whatever it says.
    /// </summary>
    public bool IsConfigRead { get; init; }

    /// <summary>The store revision up to which everything is known.</summary>
    public long Revision => _tracker.Revision;

    /// <summary>Whether another listing would find leases that were left out for want of room.</summary>
    public bool HasRoomForLeftOut => _tracker.HasRoomForLeftOut;

    /// <summary>When <see cref="CatchUp"/> has something to do.</summary>
    public TimeSpan DueAt => _tracker.DueAt;

    /// <summary>Takes in what the store delivered.</summary>
    public void TakeIn(StoreEvent item, TimeSpan now)
    {
        _tracker.TakeIn(item, now);
        NoticeConfig(item);
    }

    /// <summary>Lets peers go whose grace is over, and logs what was held back.</summary>
    public void CatchUp(TimeSpan now) => _tracker.CatchUp(now);

    /// <summary>Another host's lease that shares a subnet with ours: it may have been taken under another key while ours was gone.</summary>
    public TrackedKey? FindRival(SubnetKey own) => _tracker.Leases.Keys.FirstOrDefault(other => IsRival(other, own));

    /// <summary>
    /// Another host's lease that shares a subnet with ours and is older: that host started at the same time, was quicker, and went by another
    /// <c>SubnetLen</c>.
    /// </summary>
    public TrackedKey? FindElderRival(Lease own) =>
        _tracker.Leases.Refused.FirstOrDefault(other => other.CreateRevision < own.CreateRevision && IsRival(other, own.Key));

    /// <summary>
    /// Another lease with this node's public address, older than the own one: a former lease of this host, or that of another host which started at
    /// the same time and was quicker.
    /// </summary>
    public TrackedKey? FindElder(long createRevision) => _tracker.Leases.Refused.FirstOrDefault(other =>
        other is { IsKey: true, HasTimeToLive: true, Publisher: { } publisher }
        && other.CreateRevision < createRevision
        && _identity.Address.Equals(_identity.AddressOf(publisher)));

    private bool IsRival(TrackedKey other, SubnetKey own) =>
        other is { IsKey: true, Publisher: { } publisher }
        && LeaseRules.Overlap(_config, own, other.Subnets)
        && !_identity.Address.Equals(_identity.AddressOf(publisher));

    /// <summary>
    /// Tells of a configuration that differs from the one seen before, at first from the one that the node runs with, if it has seen that.
    /// </summary>
    private void NoticeConfig(StoreEvent item)
    {
        bool isSnapshot = item is StoreSnapshot;
        ReadOnlyMemory<byte>? found = isSnapshot ? ((StoreSnapshot)item).Config : ((StoreChanges)item).Config;
        bool isGone = isSnapshot ? found is null : ((StoreChanges)item).IsConfigDeleted;
        if (found is null && !isGone) return;

        DocumentMark? document = found is { } bytes ? DocumentMark.Of(bytes.Span) : null;
        bool isFirst = _isFirst;
        _isFirst = false;
        if (!isFirst && document == _configDocument) return;

        _configDocument = document;
        try
        {
            NetworkConfig config = StoreConfig.Parse(found, _configSource);
            if (!isFirst || !IsConfigRead || config != _config)
                _results.Enqueue(new NetworkConfigChanged(config, null) { UnknownKeys = NetworkConfigReader.FindUnknownKeys(found) });
        }
        catch (NetworkConfigException error)
        {
            _results.Enqueue(new NetworkConfigChanged(null, error));
        }
    }
}

using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Flannel.Extensibility;
using Flannel.Store.Kubernetes.Client;
using Flannel.Store.Kubernetes.Following;
using Flannel.Store.Kubernetes.NetworkConfigs;
using Flannel.Store.Kubernetes.Nodes;
using Flannel.Store.Kubernetes.Objects;

namespace Flannel.Store.Kubernetes.Membership;

/// <summary>
/// One run of <see cref="ISubnetMembership.WatchAsync"/>: keeps the own Node's annotations as they have to be, and follows the other Nodes. A single
/// loop without locks; each turn (<see cref="StepAsync"/>) does the most urgent thing. Watching and writing run beside the loop.
/// </summary>
internal sealed partial class NodeKeeper : IAsyncDisposable
{
    private const int QueueLength = 16;
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(2);

    private readonly NodeKeeperServices _services;
    private readonly LeaseRequest _request;
    private readonly PeerTracker _peers;
    private readonly Queue<SubnetEvent> _results = new();
    private readonly Dictionary<string, ApiObject> _nodes = new(StringComparer.Ordinal);
    private readonly Channel<ReflectorItem> _items = Channel.CreateBounded<ReflectorItem>(
        new BoundedChannelOptions(QueueLength) { SingleReader = true });
    private readonly Channel<ConfigDocument> _configs = Channel.CreateBounded<ConfigDocument>(1);
    private readonly CancellationTokenSource _stop = new();
    private readonly long _start;
    private readonly string _name;
    private readonly ConfigDocument _document;
    private ApiList? _listed;
    private Task? _following;
    private Task? _followingConfig;
    private long _revision;
    private bool _hasPeers;
    private bool _arePeersTold;

    /// <param name="services">What it works with.</param>
    /// <param name="request">The request that acquired the lease.</param>
    /// <param name="lease">The lease to keep.</param>
    /// <param name="node">The own Node with what was published.</param>
    /// <param name="listed">What was listed shortly before, to watch on from; <see langword="null"/> to list.</param>
    /// <param name="document">The network configuration as last read.</param>
    /// <param name="replaced">The addresses that stood there before this node published its own.</param>
    public NodeKeeper(
        NodeKeeperServices services,
        LeaseRequest request,
        Lease lease,
        ApiObject node,
        ApiList? listed,
        ConfigDocument document,
        Dictionary<Annotation, string> replaced)
    {
        _replaced = replaced;
        _services = services;
        _request = request;
        _document = document;
        _listed = listed;
        _name = node.Name;
        _lease = lease;
        _node = node;
        _published = NodeLease.ToAnnotations(lease.Attributes);
        _publishedUid = node.Uid;
        _publishedVersion = node.Version;
        _start = services.Time.GetTimestamp();
        _peers = new PeerTracker(request with { Attributes = lease.Attributes }, lease.Key, services.Limits, _results, services.Logger);
    }

    private TimeSpan Now => _services.Time.GetElapsedTime(_start);

    /// <summary>The Node as the lease that it is. It never ends by itself.</summary>
    public static Lease LeaseOf(ApiObject node, SubnetKey key, LeaseAttributes attributes) => new()
    {
        Key = key,
        Attributes = attributes,
        IsReservation = true,
        CreateRevision = NodeLease.AgeOf(node),
        ModRevision = node.Version ?? 0,
    };

    /// <summary>The next thing to tell the node, if there is one.</summary>
    public bool TryTake([NotNullWhen(true)] out SubnetEvent? result) => _results.TryDequeue(out result);

    /// <summary>One turn of the loop. Only cancellation throws.</summary>
    /// <param name="cancellationToken">Ends the turn.</param>
    public async Task StepAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        // Whoever asks for the next thing has seen to what was told before.
        _arePeersTold |= _hasPeers;
        if (_following is null)
            Begin();
        else if (_write is { IsCompleted: true })
            await TakeWrittenAsync().ConfigureAwait(false);
        else if (_items.Reader.TryRead(out ReflectorItem? item))
            Take(item);
        else if (_configs.Reader.TryRead(out ConfigDocument? document))
            NoticeConfig(document);
        else if (_write is null && Now >= _writeAt)
            BeginWrite();
        else if (_write is null && Now >= ConditionAt)
            BeginCondition();
        else if (Now >= _quietAt)
            ForgetClaimant();
        else if (Now >= _peers.DueAt)
            _peers.CatchUp(Now);
        else
            await WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends watching and writing; what does not end soon is left behind.</summary>
    public async ValueTask DisposeAsync()
    {
        // On a thread of the pool: cancelling a connection that is stuck may block.
        Task cancelling = Task.Run(_stop.CancelAsync);
        Task ending = Task.WhenAll(
            cancelling, _following ?? Task.CompletedTask, _followingConfig ?? Task.CompletedTask, _write ?? Task.CompletedTask);
        await ending.WaitAsync(CloseLimit, _services.Time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ = ending.ContinueWith(
            static late => _ = late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        if (ending.IsCompleted)
            _stop.Dispose();
    }

    private void Begin()
    {
        CancellationToken token = _stop.Token;
        string? known = _listed?.Version;
        _following = Task.Run(() => _services.Follow(ApiSource.Nodes).RunAsync(known, _items.Writer, token), CancellationToken.None);
        _followingConfig = Task.Run(() => _services.Config.FollowAsync(_document, _configs.Writer, token), CancellationToken.None);
        if (Interlocked.Exchange(ref _listed, null) is { } list)
            Take(new ReflectorItem.Listed(list));
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        using var woken = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        List<Task> awaited = [_items.Reader.WaitToReadAsync(woken.Token).AsTask(), _configs.Reader.WaitToReadAsync(woken.Token).AsTask()];
        if (_write is not null)
            awaited.Add(_write);
        TimeSpan due =
            new[] { _write is null ? _writeAt : TimeSpan.MaxValue, _write is null ? ConditionAt : TimeSpan.MaxValue, _quietAt, _peers.DueAt }.Min();
        if (due != TimeSpan.MaxValue)
            awaited.Add(Task.Delay(due > Now ? due - Now + TimeSpan.FromMilliseconds(1) : TimeSpan.Zero, _services.Time, woken.Token));
        await Task.WhenAny(awaited).ConfigureAwait(false);
        await woken.CancelAsync().ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
    }

    private void Take(ReflectorItem item)
    {
        switch (item)
        {
            case ReflectorItem.Listed { List: var list }:
                TakeListed(list);
                break;
            case ReflectorItem.Changed changed:
                TakeChanged(changed);
                break;
            case ReflectorItem.Away { Error: var error }:
                SetStoreError(ref _watchError, error);
                break;
            case ReflectorItem.Back:
                SetStoreError(ref _watchError, null);
                break;
        }
    }

    /// <summary>Takes in everything that there is: the first time as it is, afterwards what differs.</summary>
    private void TakeListed(ApiList list)
    {
        NoteVersion(list.Version);
        ApiObject? own = null;
        HashSet<string> seen = new(list.Objects.Count, StringComparer.Ordinal);
        List<PeerEntryChange> changes = [];
        foreach (ApiObject node in list.Objects)
        {
            if (node.Name == _name)
                own = node;
            else if (seen.Add(node.Name))
                Put(node, changes);
        }

        foreach (string gone in _nodes.Keys.Where(name => !seen.Contains(name)).ToList())
            Remove(gone, changes);
        if (_hasPeers)
            _peers.Change(changes, _revision, Now);
        else
            _peers.Replace(changes.Select(static change => change.Entry).OfType<PeerEntry>(), _revision, Now);
        _hasPeers = true;
        SeeOwn(own, isGone: own is null);
    }

    private void TakeChanged(ReflectorItem.Changed changed)
    {
        NoteVersion(changed.Version);
        List<PeerEntryChange> changes = [];
        foreach (ApiItem item in changed.Items)
        {
            bool isGone = item.Kind == ApiItemKind.Deleted;
            if (item.Object.Name == _name)
                SeeOwn(item.Object, isGone);
            else if (isGone)
                Remove(item.Object.Name, changes);
            else
                Put(item.Object, changes);
        }

        _peers.Change(changes, _revision, Now);
        if (_peers.HasRoomForLeftOut)
            _peers.Replace(_nodes.Values.Select(NodeLease.ToPeer).OfType<PeerEntry>(), _revision, Now);
    }

    // A Node changes all the time, and seldom in what matters here.
    private void Put(ApiObject node, List<PeerEntryChange> changes)
    {
        _nodes.TryGetValue(node.Name, out ApiObject? known);
        if (known is not null && known.Uid == node.Uid && (node.Version < known.Version || IsSame(known, node)))
            return;
        _nodes[node.Name] = node;
        if (known is not null && known.Uid != node.Uid)
            changes.Add(new PeerEntryChange(node.Name, null));
        if (NodeLease.ToPeer(node) is { } entry)
            changes.Add(new PeerEntryChange(node.Name, entry));
        else if (known is not null)
            changes.Add(new PeerEntryChange(node.Name, null));
    }

    private void Remove(string name, List<PeerEntryChange> changes)
    {
        if (_nodes.Remove(name))
            changes.Add(new PeerEntryChange(name, null));
    }

    private static bool IsSame(ApiObject one, ApiObject other) =>
        one.Annotations.Equals(other.Annotations) && one.PodCidrs.SequenceEqual(other.PodCidrs);

    private void NoteVersion(string version)
    {
        _services.NoteVersion(version);
        // Revisions only grow for whoever is told of them.
        _revision = Math.Max(_revision + 1, ApiObject.ParseVersion(version) ?? 0);
    }

    private void NoticeConfig(ConfigDocument document)
    {
        IReadOnlyList<string> unknown = document.Bytes is { } bytes ? NetworkConfig.FindUnknownKeys(bytes) : [];
        try
        {
            NetworkConfig config = AssignedNetworkConfig.Parse(document, _services.Config.Name);
            AssignedNetworkConfig.RequireContains(config, _lease.Key, _name, _services.Config.Name);
            _results.Enqueue(new NetworkConfigChanged(config, null) { UnknownKeys = unknown });
        }
        catch (NetworkConfigException error)
        {
            _results.Enqueue(new NetworkConfigChanged(null, error) { UnknownKeys = unknown });
        }
    }
}

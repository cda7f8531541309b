using System.Globalization;
using Flannel.Extensibility;
using Flannel.Store.Kubernetes.Nodes;
using Flannel.Store.Kubernetes.Objects;

namespace Flannel.Store.Kubernetes.Membership;

/// <content>
/// The own Node: what is found there decides what is done.
/// <code>
///   the Node is                                and then
///   as it has to be                            nothing
///   gone, or has no podCIDR                    the lease is lost; it is published again when the Node is back
///   there with another podCIDR                 the node has to take that: its session ends
///   lacking annotations, or has others         they are put back, more and more slowly
///   as it was before this node published      another agent was there first, and has put its address back: the Node is its own
///   changed again and again by somebody else   that one is left alone: two agents have one Node
/// </code>
/// </content>
internal sealed partial class NodeKeeper
{
    // Two agents with one Node undo each other's writes at once; an operator's mistakes are further apart.
    private static readonly TimeSpan ConflictWindow = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan SlowPause = TimeSpan.FromMinutes(1);
    private const int MaxRestores = 3;

    private readonly List<TimeSpan> _restores = [];
    private Lease _lease;
    private ApiObject? _node;
    private Dictionary<Annotation, string> _published;
    private string _publishedUid;
    private long? _publishedVersion;
    private LeaseException? _loss;
    private OwnLeaseState _lossState;
    private bool _isMoved;
    private string? _toldOverwrite;

    /// <summary>Why a Node gives no subnets, and what to do.</summary>
    public static string DescribeMissing(ApiObject node, NodeSubnets subnets, NetworkConfig config, string? problem)
    {
        if (problem is not null)
            return $"The Node {node.Name} gives no subnet: {problem}. Waiting until that is corrected.";
        bool isDual = config is { EnableIPv4: true, EnableIPv6: true };
        string what = !isDual || subnets is { IPv4: null, IPv6: null } ? "podCIDR" : subnets.IPv4 is null ? "IPv4 podCIDR" : "IPv6 podCIDR";
        return $"The Node {node.Name} has no {what} yet; waiting until the cluster gives it one. If that takes long, let the cluster do so " +
            "(kubeadm: podSubnet; kube-controller-manager: --allocate-node-cidrs and --cluster-cidr), or set spec.podCIDR of the Node.";
    }

    /// <summary>Takes in what is found of the own Node.</summary>
    /// <param name="node">The Node as found; as it last was if it is gone.</param>
    /// <param name="isGone">Whether it is gone.</param>
    private void SeeOwn(ApiObject? node, bool isGone)
    {
        // What was there before the own write, which the watch tells afterwards.
        if (node is not null && node.Uid == _publishedUid && node.Version < _publishedVersion)
            return;
        if (isGone && node is null && _node is not null && _node.Uid == _publishedUid && _revision < _publishedVersion)
            return;
        _node = isGone ? null : node;
        SettleOwn();
    }

    private void SettleOwn()
    {
        Judge();
        // A write whose answer was lost may have been carried out, which the watch tells.
        if (_write is null && _writeAt == TimeSpan.MaxValue && ConditionAt == TimeSpan.MaxValue)
            ForgetWriteError();
    }

    private void Judge()
    {
        if (_isMoved)
            return;
        if (_node is not { } node)
        {
            _writeAt = TimeSpan.MaxValue;
            Lose(OwnLeaseState.Lost, new LeaseLostException(
                _lease.Key, $"The Node {_name} was deleted; this node is published again as soon as it is there again.", isTransient: true));
            return;
        }

        NodeSubnets subnets = NodeSubnets.Read(node, out string? problem);
        if (problem is not null || subnets.KeyFor(_request.Config) is not { } key)
        {
            _writeAt = TimeSpan.MaxValue;
            Lose(OwnLeaseState.Lost, new LeaseLostException(_lease.Key, DescribeMissing(node, subnets, _request.Config, problem), isTransient: true));
            return;
        }

        if (key != _lease.Key)
        {
            Move(key);
            return;
        }

        Dictionary<Annotation, string> wanted = NodeLease.ToAnnotations(AttributesFor(node));
        KeyValuePair<Annotation, string?>[] differences = [.. node.Annotations.DifferencesTo(wanted)];
        if (differences.Length == 0)
            Hold(node);
        else if (_write is null)
            Plan(node, wanted, differences);
    }

    private LeaseAttributes AttributesFor(ApiObject node)
    {
        LeaseAttributes attributes = NodeLease.Overwrite(_request.Attributes, node, _request.Config, out string? problem);
        if (problem is not null && problem != _toldOverwrite)
            Log.OverwriteUnusable(_services.Logger, _name, problem);
        _toldOverwrite = problem;
        return problem is null ? attributes : _lease.Attributes;
    }

    /// <summary>Decides when to write.</summary>
    private void Plan(ApiObject node, Dictionary<Annotation, string> wanted, KeyValuePair<Annotation, string?>[] differences)
    {
        bool isOwnDoing = node.Uid != _publishedUid || !IsSame(wanted, _published);
        if (isOwnDoing)
        {
            _restores.Clear();
            _isRestore = false;
            _writeAt = Max(Now, _retryAt);
            return;
        }

        if (_lossState == OwnLeaseState.Taken)
            return;
        if (FindPutBack(node, differences) is { } former)
        {
            LoseToDuplicate(former);
            return;
        }

        _restores.RemoveAll(restore => Now - restore > ConflictWindow);
        bool isChanged = differences.Any(difference => node.Annotations[difference.Key] is not null || node.Annotations.IsTooLong(difference.Key));
        if (isChanged && _restores.Count >= MaxRestores)
        {
            Yield(node, differences);
            return;
        }

        _isRestore = true;
        _writeAt = Max(_restores.Count < MaxRestores ? Now : _restores[^1] + SlowPause, _retryAt);
    }

    private void Yield(ApiObject node, KeyValuePair<Annotation, string?>[] differences)
    {
        _writeAt = TimeSpan.MaxValue;
        (Annotation name, string? own) = differences.FirstOrDefault(difference => node.Annotations[difference.Key] is not null, differences[0]);
        Lose(OwnLeaseState.Taken, new LeaseLostException(
            _lease.Key,
            string.Create(
                CultureInfo.InvariantCulture,
                $"Somebody else writes the annotations of the Node {_name} too: {_services.Names[name]} is " +
                $"{Access.ForeignText.Show(node.Annotations[name] ?? "")} again, this node puts {Access.ForeignText.Show(own ?? "")} there. It " +
                $"was put back {_restores.Count} times within {ConflictWindow.TotalMinutes} minutes and is left alone now. Are there two agents " +
                $"with one NODE_NAME, or flannel beside this one? Stop the other one, then restart this node."),
            isTransient: false));
    }

    /// <summary>The Node is as it has to be.</summary>
    private void Hold(ApiObject node)
    {
        _writeAt = TimeSpan.MaxValue;
        LeaseAttributes attributes = AttributesFor(node);
        bool isNew = node.Uid != _publishedUid;
        bool isChanged = isNew || attributes != _lease.Attributes;
        (_published, _publishedUid) = (NodeLease.ToAnnotations(attributes), node.Uid);
        _publishedVersion = isNew ? node.Version : _publishedVersion;
        if (isNew)
            _conditions.Clear();
        if (_loss is null && !isChanged)
            return;
        OwnLeaseState state = _loss is null ? OwnLeaseState.Renewed : OwnLeaseState.Reacquired;
        if (_loss is not null)
            Log.Back(_services.Logger, _name, _lease.Key);
        (_loss, _lossState) = (null, default);
        _lease = LeaseOf(node, _lease.Key, attributes);
        LeaseException? claimant = state == OwnLeaseState.Renewed ? _claimant : null;
        _results.Enqueue(new OwnLeaseChanged(claimant is null ? state : OwnLeaseState.Contested, _lease, claimant));
    }

    private void Move(SubnetKey key)
    {
        _isMoved = true;
        _writeAt = TimeSpan.MaxValue;
        Log.Moved(_services.Logger, _name, _lease.Key, key);
        var loss = new LeaseLostException(
            _lease.Key, $"The Node {_name} has the subnet {key} now instead of {_lease.Key}; this node takes it.", isTransient: true);
        _results.Enqueue(new OwnLeaseChanged(OwnLeaseState.Moved, _lease, loss));
    }

    private void Lose(OwnLeaseState state, LeaseException loss)
    {
        (_claimant, _quietAt) = (null, TimeSpan.MaxValue);
        // The same loss may be seen more than once.
        if (_loss is not null && _lossState == state && _loss.Message == loss.Message)
            return;
        (_loss, _lossState) = (loss, state);
        _results.Enqueue(new OwnLeaseChanged(state, _lease, loss));
        if (state == OwnLeaseState.Taken)
            Log.Taken(_services.Logger, loss.Message);
        else
            Log.Gone(_services.Logger, loss.Message);
    }

    private static bool IsSame(Dictionary<Annotation, string> one, Dictionary<Annotation, string> other) =>
        one.Count == other.Count && one.All(entry => other.TryGetValue(entry.Key, out string? value) && value == entry.Value);
}

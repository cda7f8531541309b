using System.Collections.Immutable;
using Flannel.Extensibility;

namespace Flannel.Core.Hosting;

/// <summary>The facts behind a <see cref="FlannelNodeStatus"/>. The state and its reason follow from them in one place.</summary>
internal sealed record NodeCondition
{
    public bool IsRunning { get; init; }

    public bool IsStopping { get; init; }

    /// <summary>Why the last attempt to start failed; <see langword="null"/> while one is under way or has succeeded.</summary>
    public Exception? StartError { get; init; }

    /// <summary>Whether the node's loop has ended although nobody stopped it.</summary>
    public bool HasCrashed { get; init; }

    /// <summary>What the start is waiting for, in words.</summary>
    public string Progress { get; init; } = "";

    public NetworkConfig? Config { get; init; }

    public ExternalInterface? ExternalInterface { get; init; }

    public Lease? Lease { get; init; }

    /// <summary>Whether the first snapshot of peers was handed to the backend.</summary>
    public bool HasPeers { get; init; }

    public BackendStatus? Backend { get; init; }

    /// <summary>Whether the first peers have been programmed; stays true until the next start or another subnet.</summary>
    public bool IsSettled { get; init; }

    public StoreException? StoreError { get; init; }

    /// <summary>What happened to the lease last.</summary>
    public OwnLeaseState LeaseState { get; init; }

    public LeaseException? LeaseError { get; init; }

    /// <summary>Why the host does not forward packets.</summary>
    public string? ForwardingProblem { get; init; }

    /// <summary>Bridges that hold a subnet of the network which is not this host's.</summary>
    public IReadOnlyList<HostPrefix> OldBridges { get; init; } = [];

    /// <summary>Keys of the configuration document that mean nothing.</summary>
    public IReadOnlyList<string> UnknownConfigKeys { get; init; } = [];

    public Exception? SubnetFileError { get; init; }

    public bool IsSubnetFileCurrent { get; init; }

    /// <summary>Whether traffic rules are wanted and have not been applied yet.</summary>
    public bool IsTrafficPending { get; init; }

    /// <summary>Why the traffic rules do not hold.</summary>
    public FlannelException? TrafficError { get; init; }

    public PendingConfig? PendingConfig { get; init; }

    public ImmutableDictionary<SubnetKey, Lease> Peers { get; init; } = ImmutableDictionary<SubnetKey, Lease>.Empty;

    public QuarantineChanged? Quarantine { get; init; }

    /// <summary>How many of the peers are gone from the store.</summary>
    public int PeersRetained { get; init; }

    /// <summary>The same condition with the settled flag brought up to date.</summary>
    public NodeCondition Settle() =>
        IsSettled || !HasPeers || IsTrafficPending || TrafficError is not null || Backend is not { IsConverged: true }
            ? this
            : this with { IsSettled = true };

    /// <summary>
    /// The same condition of a node with another subnet than before: packets flow once its peers are programmed and its traffic rules hold.
    /// </summary>
    public NodeCondition Unsettle(bool hasTrafficRules) => this with { IsSettled = false, HasPeers = false, IsTrafficPending = hasTrafficRules };

    /// <summary>What the log compares to tell whether there is news.</summary>
    public string LogKey => string.Join('\n', Problems().Select(static problem => problem.LogKey));

    public FlannelNodeStatus ToStatus()
    {
        (FlannelNodeState state, string reason, Exception? error) = Evaluate();
        return new FlannelNodeStatus
        {
            State = state,
            // Keys of the store and errors of whatever origin come together here.
            Reason = VisibleText.Of(reason),
            Error = error,
            IsReady = state is FlannelNodeState.Ready or FlannelNodeState.Degraded,
            IsAlive = !HasCrashed,
            StoreError = StoreError ?? StartError as StoreException,
            IsSubnetFileCurrent = IsSubnetFileCurrent,
            Config = Config,
            ExternalInterface = ExternalInterface,
            Lease = Lease,
            Mtu = Backend?.Mtu,
            Peers = Peers,
            IsConverged = HasPeers && Backend is { IsConverged: true },
            ReadStatistics = Backend?.ReadStatistics,
            Guard = Backend?.Guard,
            PeerProblems = Backend?.PeerProblems ?? ImmutableDictionary<SubnetKey, string>.Empty,
            Quarantined = Quarantine?.Leases ?? [],
            QuarantinedCount = Quarantine?.Total ?? 0,
            PeersRetained = PeersRetained,
            PeersLeftOut = Quarantine?.LeftOut ?? 0,
            PendingConfig = PendingConfig,
        };
    }

    private (FlannelNodeState State, string Reason, Exception? Error) Evaluate()
    {
        if (IsStopping) return (FlannelNodeState.Stopping, "", null);
        if (!IsRunning) return (FlannelNodeState.Stopped, "", null);
        if (HasCrashed)
        {
            return (
                FlannelNodeState.Failed, $"the node has ended by an error of this library ({StartError?.Message}); restart the program", StartError);
        }

        if (StartError is { } failure) return (StateFor(failure), failure.Message, failure);

        List<NodeProblem> problems = [.. Problems()];
        Exception? error = problems.Where(static problem => problem.Weight != NodeProblemWeight.Notice)
            .Select(static problem => problem.Error)
            .FirstOrDefault(static found => found is not null);
        string reason = string.Join("; ", problems.Select(static problem => problem.Text));
        if (!IsSettled)
        {
            bool isHopeless = TrafficError is { IsTransient: false };
            string waiting = string.Join("; ", new[] { Progress, reason }.Where(static part => part.Length > 0));
            return (isHopeless ? FlannelNodeState.Failed : FlannelNodeState.Starting, waiting, isHopeless ? TrafficError : error);
        }

        NodeProblemWeight weight = problems.Count == 0 ? NodeProblemWeight.Notice : problems.Max(static problem => problem.Weight);
        FlannelNodeState state = weight switch
        {
            NodeProblemWeight.Disabling => StateFor(error),
            NodeProblemWeight.Degrading => FlannelNodeState.Degraded,
            _ => FlannelNodeState.Ready,
        };
        return (state, reason, error);
    }

    // Waiting cures what is transient, and what only the backend knows about.
    private static FlannelNodeState StateFor(Exception? error) =>
        error is null or FlannelException { IsTransient: true } ? FlannelNodeState.Starting : FlannelNodeState.Failed;

    private IEnumerable<NodeProblem> Problems()
    {
        if (LeaseError is { } lease)
        {
            yield return new(
                LeaseState is OwnLeaseState.Overdue or OwnLeaseState.Contested ? NodeProblemWeight.Degrading : NodeProblemWeight.Disabling,
                lease.Message,
                lease);
        }

        if (StoreError is { } store)
            yield return new(NodeProblemWeight.Degrading, $"the store is away: {store.Message}", store) { LogKey = "the store is away" };
        if (Backend?.Problem is { } backend)
            yield return new(Backend.IsUnusable ? NodeProblemWeight.Disabling : NodeProblemWeight.Degrading, backend);
        if (Backend?.Guard?.Problem is { } guard) yield return new(NodeProblemWeight.Degrading, guard);
        if (TrafficError is { } traffic) yield return new(NodeProblemWeight.Degrading, traffic.Message, traffic);
        if (SubnetFileError is { } file) yield return new(NodeProblemWeight.Degrading, file.Message, file);
        if (Backend is { PeerProblems.Count: > 0 and int count })
            yield return new(NodeProblemWeight.Degrading, $"{count} of {Peers.Count} peers cannot be programmed");
        if (Quarantine is { LeftOut: > 0 and int leftOut })
        {
            yield return new(
                NodeProblemWeight.Degrading, $"{leftOut} leases are beyond the limit of peers (FlannelOptions.MaxPeers) and are not reached")
            {
                LogKey = "leases are beyond the limit of peers",
            };
        }

        if (PeersRetained > 0)
        {
            yield return new(
                NodeProblemWeight.Degrading,
                $"{PeersRetained} peers, more than half, left the store together; in case that was a mistake, the routes to them are kept for a " +
                "while (FlannelOptions.MassRemovalGracePeriod). If it was, put their leases back; if not, nothing is to be done")
            {
                LogKey = "more than half of the peers left the store together",
            };
        }

        foreach (HostPrefix bridge in OldBridges)
        {
            yield return new(
                NodeProblemWeight.Degrading,
                $"the bridge {bridge.Device} still holds {bridge.Prefix}, which is not this host's subnet: its containers are not reached. " +
                "Restart what made it (for docker0: systemctl restart docker), then this node");
        }

        if (ForwardingProblem is { } forwarding) yield return new(NodeProblemWeight.Notice, forwarding);
        if (UnknownConfigKeys.Count > 0)
        {
            yield return new(
                NodeProblemWeight.Notice,
                $"the network configuration has keys that mean nothing and are ignored: {string.Join(", ", UnknownConfigKeys)}");
        }

        if (Quarantine is { Total: > 0 } quarantine)
        {
            string example = quarantine.Leases is [var first, ..] ? $", such as {first.Key}: {first.Reason}" : "";
            yield return new(
                NodeProblemWeight.Notice, $"{quarantine.Total} leases in the store are refused{example}")
            { LogKey = "leases are refused" };
        }
    }
}

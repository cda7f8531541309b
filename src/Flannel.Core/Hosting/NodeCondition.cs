using System.Collections.Immutable;
using Flannel.Core.Addressing;
using Flannel.Core.Backends;
using Flannel.Core.Configuration;
using Flannel.Core.Diagnostics;
using Flannel.Core.Leases;

namespace Flannel.Core.Hosting;

/// <summary>The facts behind a <see cref="FlannelNodeStatus"/>. The state and its reason follow from them in one place.</summary>
internal sealed record NodeCondition
{
    public bool IsRunning { get; init; }

    public bool IsStopping { get; init; }

    /// <summary>Why the last attempt to start failed; <see langword="null"/> while one is under way or has succeeded.</summary>
    public Exception? StartError { get; init; }

    /// <summary>What the start is waiting for, in words.</summary>
    public string Progress { get; init; } = "";

    public NetworkConfig? Config { get; init; }

    public ExternalInterface? ExternalInterface { get; init; }

    public Lease? Lease { get; init; }

    /// <summary>Whether the first snapshot of peers was handed to the backend.</summary>
    public bool HasPeers { get; init; }

    public BackendStatus? Backend { get; init; }

    /// <summary>Whether the first peers have been programmed; stays true until the next start.</summary>
    public bool IsSettled { get; init; }

    public StoreException? StoreError { get; init; }

    public LeaseException? LeaseError { get; init; }

    public Exception? SubnetFileError { get; init; }

    public bool IsSubnetFileCurrent { get; init; }

    /// <summary>Whether traffic rules shall hold and have not been tried yet.</summary>
    public bool IsTrafficPending { get; init; }

    /// <summary>Why the traffic rules do not hold.</summary>
    public FlannelException? TrafficError { get; init; }

    public PendingConfig? PendingConfig { get; init; }

    public ImmutableDictionary<SubnetKey, Lease> Peers { get; init; } = ImmutableDictionary<SubnetKey, Lease>.Empty;

    public IReadOnlyList<QuarantinedLease> Quarantined { get; init; } = [];

    /// <summary>The same condition with the settled flag brought up to date.</summary>
    public NodeCondition Settle() =>
        IsSettled || !HasPeers || IsTrafficPending || TrafficError is not null || Backend is not { IsConverged: true } ? this : this with { IsSettled = true };

    public FlannelNodeStatus ToStatus()
    {
        (FlannelNodeState state, string reason, Exception? error) = Evaluate();
        return new FlannelNodeStatus
        {
            State = state,
            Reason = reason,
            Error = error,
            IsReady = state is FlannelNodeState.Ready or FlannelNodeState.Degraded,
            IsSubnetFileCurrent = IsSubnetFileCurrent,
            Config = Config,
            ExternalInterface = ExternalInterface,
            Lease = Lease,
            Mtu = Backend?.Mtu,
            Peers = Peers,
            ReadTraffic = Backend?.ReadTraffic,
            PeerProblems = Backend?.PeerProblems ?? ImmutableDictionary<SubnetKey, string>.Empty,
            Quarantined = Quarantined,
            PendingConfig = PendingConfig,
        };
    }

    private (FlannelNodeState State, string Reason, Exception? Error) Evaluate()
    {
        if (IsStopping) return (FlannelNodeState.Stopping, "", null);
        if (!IsRunning) return (FlannelNodeState.Stopped, "", null);
        if (StartError is { } failure)
        {
            bool isTransient = failure is FlannelException { IsTransient: true };
            return (isTransient ? FlannelNodeState.Starting : FlannelNodeState.Failed, failure.Message, failure);
        }

        List<string> problems = [.. Problems()];
        Exception? error = LeaseError ?? StoreError ?? TrafficError ?? SubnetFileError;
        if (!IsSettled)
        {
            bool isHopeless = TrafficError is { IsTransient: false };
            return (isHopeless ? FlannelNodeState.Failed : FlannelNodeState.Starting, string.Join("; ", [Progress, .. problems]), isHopeless ? TrafficError : error);
        }

        return problems.Count == 0
            ? (FlannelNodeState.Ready, "", null)
            : (FlannelNodeState.Degraded, string.Join("; ", problems), error);
    }

    private IEnumerable<string> Problems()
    {
        if (LeaseError is { } lease) yield return lease.Message;
        if (StoreError is { } store) yield return $"the store is away: {store.Message}";
        if (Backend?.Problem is { } backend) yield return backend;
        if (TrafficError is { } traffic) yield return traffic.Message;
        if (SubnetFileError is { } file) yield return file.Message;
        if (Backend is { PeerProblems.Count: > 0 and int count }) yield return $"{count} of {Peers.Count} peers cannot be programmed";
    }
}

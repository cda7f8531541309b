namespace Flannel;

/// <summary>
/// The names of the core's metrics and traces, and the tags that all packages use. They are part of the public API: dashboards depend on them.
/// <c>docs/metrics.md</c> of the repository explains each.
/// </summary>
public static class FlannelTelemetry
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Flannel.Core";

    /// <summary>The activity source's name.</summary>
    public const string ActivitySourceName = "Flannel.Core";

    /// <summary>Gauge, <c>{peer}</c>: accepted peers.</summary>
    public const string Peers = "flannel.peers";

    /// <summary>Gauge, <c>{peer}</c>: peers that the backend cannot program at present.</summary>
    public const string PeersFailing = "flannel.peers.failing";

    /// <summary>Gauge, <c>{peer}</c>: peers that are gone from the store and kept for a while, because more than half left it together.</summary>
    public const string PeersRetained = "flannel.peers.retained";

    /// <summary>Gauge, <c>{lease}</c>: leases of others that are refused.</summary>
    public const string LeasesQuarantined = "flannel.leases.quarantined";

    /// <summary>Gauge, <c>s</c>: how long the own lease lives unless it is renewed; absent for a reservation, below 0 when it is overdue.</summary>
    public const string LeaseExpiresIn = "flannel.lease.expires_in";

    /// <summary>Counter, <c>{renewal}</c>: attempts to renew the own lease, by <see cref="ResultTag"/> (<c>ok</c> or <c>failed</c>).</summary>
    public const string LeaseRenewals = "flannel.lease.renewals";

    /// <summary>
    /// Counter, <c>{conflict}</c>: claims to the own lease by another live host with the same public address, by <see cref="ResultTag"/> (<c>kept</c>
    /// by this node, <c>yielded</c> to the other one).
    /// </summary>
    public const string LeaseConflicts = "flannel.lease.conflicts";

    /// <summary>
    /// Counter, <c>{outage}</c>: times that the lease store went away, by <see cref="ReasonTag"/> (<c>failed</c> for an error, <c>silent</c> for a
    /// watch without any sign of life).
    /// </summary>
    public const string StoreOutages = "flannel.store.outages";

    /// <summary>Counter, <c>{call}</c>: calls and watches of the lease store that did not end within their time and were abandoned.</summary>
    public const string StoreAbandoned = "flannel.store.abandoned";

    /// <summary>
    /// Counter, <c>{packet}</c>: packets that the guard dropped, by <see cref="ReasonTag"/> (<c>unknown_sender</c>, <c>container</c>,
    /// <c>foreign_source</c>,
    /// <c>foreign_destination</c>).
    /// </summary>
    public const string GuardDrops = "flannel.guard.drops";

    /// <summary>Gauge, 0 or 1: whether the node is ready and nothing is wrong.</summary>
    public const string NodeHealthy = "flannel.node.healthy";

    /// <summary>Activity: one attempt of a node to join its network, from the first check until it follows the others.</summary>
    public const string JoinActivity = "flannel.session.join";

    /// <summary>Activity: a subnet is acquired, be it a new one or the one that the node held before. Part of <see cref="JoinActivity"/>.</summary>
    public const string AcquireActivity = "flannel.lease.acquire";

    /// <summary>Activity: the own lease is renewed.</summary>
    public const string RenewActivity = "flannel.lease.renew";

    /// <summary>Activity: differences between the kernel and what it should be are written. A comparison that finds none makes no activity.</summary>
    public const string ReconcileActivity = "flannel.reconcile";

    /// <summary>
    /// What the names of activities for calls of the lease store begin with: <c>flannel.store.list</c>, <c>.create</c>, <c>.update</c>, <c>.renew</c>
    /// and
    /// <c>.delete</c>.
    /// </summary>
    public const string StoreActivityPrefix = "flannel.store";

    /// <summary>Tag of every instrument and activity: the network's name in this process, empty for the default one.</summary>
    public const string NetworkTag = "flannel.network";

    /// <summary>Tag: a subnet, as the key of its lease is written (<c>10.5.34.0-24</c>).</summary>
    public const string SubnetTag = "flannel.subnet";

    /// <summary>Tag: a peer, by the key of its lease.</summary>
    public const string PeerTag = "flannel.peer";

    /// <summary>Tag: <c>sent</c> or <c>received</c>.</summary>
    public const string DirectionTag = "flannel.direction";

    /// <summary>Tag: why something happened, in a word.</summary>
    public const string ReasonTag = "flannel.reason";

    /// <summary>Tag: <c>ok</c> or <c>failed</c>; of <see cref="LeaseConflicts"/>: <c>kept</c> or <c>yielded</c>.</summary>
    public const string ResultTag = "flannel.result";

    /// <summary>Tag of <see cref="ReconcileActivity"/>: how many entries were written or removed.</summary>
    public const string WritesTag = "flannel.writes";

    /// <summary>Tag of <see cref="ReconcileActivity"/>: how many entries failed.</summary>
    public const string FailuresTag = "flannel.failures";
}

namespace Flannel;

/// <summary>The names of the core's metrics. They are part of the public API: dashboards depend on them.</summary>
public static class FlannelTelemetry
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Flannel.Core";

    /// <summary>Gauge, <c>{peer}</c>: accepted peers.</summary>
    public const string Peers = "flannel.peers";

    /// <summary>Gauge, <c>{peer}</c>: peers that the backend cannot program at present.</summary>
    public const string PeersFailing = "flannel.peers.failing";

    /// <summary>Gauge, <c>{lease}</c>: leases of others that are refused.</summary>
    public const string LeasesQuarantined = "flannel.leases.quarantined";

    /// <summary>Gauge, <c>s</c>: how long the own lease lives unless it is renewed; absent for a reservation.</summary>
    public const string LeaseExpiresIn = "flannel.lease.expires_in";

    /// <summary>Counter, <c>{renewal}</c>: attempts to renew the own lease, by <see cref="ResultTag"/>.</summary>
    public const string LeaseRenewals = "flannel.lease.renewals";

    /// <summary>Counter, <c>{outage}</c>: times that the lease store went away, by <see cref="CauseTag"/>.</summary>
    public const string StoreOutages = "flannel.store.outages";

    /// <summary>Counter, <c>{call}</c>: calls and watches of the lease store that did not end within their time and were abandoned.</summary>
    public const string StoreAbandoned = "flannel.store.abandoned";

    /// <summary>Gauge, 0 or 1: whether the node is ready and nothing is wrong.</summary>
    public const string NodeHealthy = "flannel.node.healthy";

    /// <summary>Tag of every instrument: the network's name in this process.</summary>
    public const string NetworkTag = "flannel.network";

    /// <summary>Tag: <c>failed</c> for an error, <c>silent</c> for a watch without any sign of life.</summary>
    public const string CauseTag = "flannel.cause";

    /// <summary>Tag: <c>ok</c> or <c>failed</c>.</summary>
    public const string ResultTag = "flannel.result";
}

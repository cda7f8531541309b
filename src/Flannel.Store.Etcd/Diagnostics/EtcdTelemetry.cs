namespace Flannel;

/// <summary>
/// The names of the etcd store's metrics and traces. They are part of the public API: dashboards depend on them. <c>docs/metrics.md</c> of the
/// repository explains each.
/// </summary>
public static class EtcdTelemetry
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Flannel.Store.Etcd";

    /// <summary>
    /// The activity source's name. Its activities are client calls, named by the method (<c>etcdserverpb.KV/Txn</c>); a request that is sent to
    /// several endpoints makes one each.
    /// </summary>
    public const string ActivitySourceName = "Flannel.Store.Etcd";

    /// <summary>
    /// Histogram, <c>s</c>: how long etcd took to answer a request, or a stream its first one. A request that is sent to several endpoints counts
    /// as often. By the tags <c>flannel.network</c>, <c>rpc.system</c> (<c>grpc</c>), <c>rpc.method</c> (such as <c>etcdserverpb.KV/Txn</c>),
    /// <c>rpc.grpc.status_code</c> (0 for success) and <c>server.address</c> (the endpoint's host and port).
    /// </summary>
    public const string RequestDuration = "flannel.etcd.request.duration";

    /// <summary>
    /// Counter, <c>{connection}</c>: connections that did not close within 2 s, so that they were cut and replaced. Each may have cost the process a
    /// thread. By the tags <c>flannel.network</c> and <c>server.address</c> (the endpoint's host and port).
    /// </summary>
    public const string ConnectionsAbandoned = "flannel.etcd.connections.abandoned";
}

namespace Flannel;

/// <summary>The names of the Kubernetes store's metrics. They are part of the public API: dashboards depend on them.</summary>
public static class KubernetesTelemetry
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Flannel.Store.Kubernetes";

    /// <summary>
    /// Histogram, <c>s</c>: how long the API server took to answer a request, or to accept a watch. By the tags <c>flannel.network</c>,
    /// <c>k8s.verb</c> (get, list, watch, patch), <c>k8s.resource</c> (such as <c>nodes/status</c>) and <c>http.response.status_code</c> (0 for
    /// none).
    /// </summary>
    public const string RequestDuration = "flannel.kubernetes.request.duration";

    /// <summary>
    /// Counter, <c>{watch}</c>: watches that ended otherwise than by their time, by the tags <c>flannel.network</c> and <c>flannel.reason</c>
    /// (<c>expired</c>, <c>silent</c>, <c>failed</c>).
    /// </summary>
    public const string WatchesBroken = "flannel.kubernetes.watches.broken";

    /// <summary>
    /// Counter, <c>{patch}</c>: times that this node's annotations were put back because somebody had taken or changed them. By the tag
    /// <c>flannel.network</c>.
    /// </summary>
    public const string NodeRestores = "flannel.kubernetes.node.restores";
}

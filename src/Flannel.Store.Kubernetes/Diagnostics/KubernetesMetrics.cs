using System.Diagnostics.Metrics;
using System.Net;
using Flannel.Store.Kubernetes.Client;

namespace Flannel.Store.Kubernetes.Diagnostics;

/// <summary>What the Kubernetes store measures.</summary>
internal sealed class KubernetesMetrics
{
    private readonly Histogram<double> _requests;
    private readonly Counter<long> _broken;
    private readonly Counter<long> _restores;
    private readonly KeyValuePair<string, object?> _network;

    /// <param name="factory">What makes meters, if there is one.</param>
    /// <param name="networkName">The network's name in this process.</param>
    public KubernetesMetrics(IMeterFactory? factory, string networkName)
    {
        Meter meter = Instrumentation.MeterOf(factory);
        _requests = meter.CreateHistogram<double>(KubernetesTelemetry.RequestDuration, "s", "How long the API server took to answer a request.");
        _broken = meter.CreateCounter<long>(KubernetesTelemetry.WatchesBroken, "{watch}", "Watches that ended otherwise than by their time.");
        _restores = meter.CreateCounter<long>(KubernetesTelemetry.NodeRestores, "{patch}", "Times that this node's annotations were put back.");
        _network = new KeyValuePair<string, object?>(FlannelTelemetry.NetworkTag, networkName);
    }

    /// <summary>Records one request.</summary>
    public void Record(ApiRequest request, HttpStatusCode? status, TimeSpan duration)
    {
        _requests.Record(
            duration.TotalSeconds,
            _network,
            new KeyValuePair<string, object?>("k8s.verb", request.Verb),
            new KeyValuePair<string, object?>("k8s.resource", request.Resource),
            new KeyValuePair<string, object?>("http.response.status_code", (int)(status ?? 0)));
    }

    /// <summary>Counts a watch that broke.</summary>
    public void WatchBroken(string cause) => _broken.Add(1, _network, new KeyValuePair<string, object?>(FlannelTelemetry.ReasonTag, cause));

    /// <summary>Counts annotations that were put back.</summary>
    public void NodeRestored() => _restores.Add(1, _network);
}

using System.Diagnostics.Metrics;
using Flannel.Core.Diagnostics;
using Flannel.Store.Etcd.Grpc;

namespace Flannel.Store.Etcd.Diagnostics;

/// <summary>What the etcd store measures.</summary>
internal sealed class EtcdMetrics
{
    private readonly Histogram<double>? _requests;
    private readonly KeyValuePair<string, object?> _network;

    /// <param name="factory">What makes meters; without one nothing is measured.</param>
    /// <param name="networkName">The network's name in this process.</param>
    public EtcdMetrics(IMeterFactory? factory, string networkName)
    {
        _requests = factory?.Create(EtcdTelemetry.MeterName).CreateHistogram<double>(
            EtcdTelemetry.RequestDuration, "s", "How long etcd took to answer a request.");
        _network = new KeyValuePair<string, object?>(FlannelTelemetry.NetworkTag, networkName);
    }

    /// <summary>Records one request to one endpoint.</summary>
    /// <param name="path">The method's path.</param>
    /// <param name="endpoint">Whom it was sent to.</param>
    /// <param name="status">How it ended.</param>
    /// <param name="duration">How long it took.</param>
    public void Record(string path, Uri endpoint, GrpcStatusCode status, TimeSpan duration)
    {
        if (_requests is not { Enabled: true } requests)
            return;

        requests.Record(
            duration.TotalSeconds,
            _network,
            new KeyValuePair<string, object?>("rpc.system", "grpc"),
            new KeyValuePair<string, object?>("rpc.method", path[1..]),
            new KeyValuePair<string, object?>("rpc.grpc.status_code", (int)status),
            new KeyValuePair<string, object?>("server.address", endpoint.Authority));
    }
}

using System.Diagnostics.Metrics;
using Grpc.Core;

namespace Flannel.Store.Etcd.Diagnostics;

/// <summary>What the etcd store measures.</summary>
internal sealed class EtcdMetrics
{
    private readonly Histogram<double>? _requests;
    private readonly Counter<long>? _abandoned;
    private readonly KeyValuePair<string, object?> _network;

    /// <param name="factory">What makes meters; without one nothing is measured.</param>
    /// <param name="networkName">The network's name in this process.</param>
    public EtcdMetrics(IMeterFactory? factory, string networkName)
    {
        Meter? meter = factory?.Create(EtcdTelemetry.MeterName);
        _requests = meter?.CreateHistogram<double>(EtcdTelemetry.RequestDuration, "s", "How long etcd took to answer a request.");
        _abandoned = meter?.CreateCounter<long>(
            EtcdTelemetry.ConnectionsAbandoned, "{connection}", "Connections that could not be closed in time and were replaced.");
        _network = new KeyValuePair<string, object?>(FlannelTelemetry.NetworkTag, networkName);
    }

    /// <summary>Records one request to one endpoint.</summary>
    /// <param name="method">The method's full name.</param>
    /// <param name="endpoint">Whom it was sent to.</param>
    /// <param name="status">How it ended.</param>
    /// <param name="duration">How long it took.</param>
    public void Record(string method, Uri endpoint, StatusCode status, TimeSpan duration)
    {
        if (_requests is not { Enabled: true } requests)
            return;

        requests.Record(
            duration.TotalSeconds,
            _network,
            new KeyValuePair<string, object?>("rpc.system", "grpc"),
            new KeyValuePair<string, object?>("rpc.method", method),
            new KeyValuePair<string, object?>("rpc.grpc.status_code", (int)status),
            new KeyValuePair<string, object?>("server.address", endpoint.Authority));
    }

    /// <summary>Counts a connection that could not be closed in time.</summary>
    /// <param name="endpoint">Where it led.</param>
    public void ConnectionAbandoned(Uri endpoint) =>
        _abandoned?.Add(1, _network, new KeyValuePair<string, object?>("server.address", endpoint.Authority));
}

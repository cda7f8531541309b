using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Json;
using Flannel.Store.Etcd.Transport;
using Grpc.Core;

namespace Flannel.Store.Etcd.Diagnostics;

/// <summary>What the etcd store measures and traces.</summary>
internal sealed class EtcdMetrics
{
    private readonly Histogram<double> _requests;
    private readonly Counter<long> _abandoned;
    private readonly KeyValuePair<string, object?> _network;

    /// <param name="factory">What makes meters, if there is one.</param>
    /// <param name="networkName">The network's name in this process.</param>
    public EtcdMetrics(IMeterFactory? factory, string networkName)
    {
        Meter meter = Instrumentation.MeterOf(factory);
        _requests = meter.CreateHistogram<double>(EtcdTelemetry.RequestDuration, "s", "How long etcd took to answer a request.");
        _abandoned = meter.CreateCounter<long>(
            EtcdTelemetry.ConnectionsAbandoned, "{connection}", "Connections that could not be closed in time and were replaced.");
        _network = new KeyValuePair<string, object?>(FlannelTelemetry.NetworkTag, networkName);
    }

    /// <summary>Begins an activity for one request to one endpoint, if anybody listens.</summary>
    /// <param name="method">The method's full name.</param>
    /// <param name="endpoint">Whom it is sent to.</param>
    public Activity? Begin(string method, Uri endpoint)
    {
        Activity? activity = Instrumentation.Source.StartActivity(method, ActivityKind.Client);
        if (activity is not { IsAllDataRequested: true })
            return activity;

        return activity
            .SetTag(_network.Key, _network.Value)
            .SetTag("rpc.system", "grpc")
            .SetTag("rpc.method", method)
            .SetTag("server.address", endpoint.Authority);
    }

    /// <summary>Ends the activity.</summary>
    /// <param name="activity">What <see cref="Begin"/> returned.</param>
    /// <param name="status">How the request ended.</param>
    /// <param name="failure">The failure, if it is one.</param>
    public static void End(Activity? activity, StatusCode status, GrpcException? failure)
    {
        if (activity is null)
            return;

        activity.SetTag("rpc.grpc.status_code", (int)status);
        if (failure is not null)
        {
            activity.SetStatus(ActivityStatusCode.Error, failure.Message);
            activity.SetTag("error.type", JsonNamingPolicy.SnakeCaseLower.ConvertName(failure.Kind.ToString()));
        }

        activity.Dispose();
    }

    /// <summary>Records one request to one endpoint.</summary>
    /// <param name="method">The method's full name.</param>
    /// <param name="endpoint">Whom it was sent to.</param>
    /// <param name="status">How it ended.</param>
    /// <param name="duration">How long it took.</param>
    public void Record(string method, Uri endpoint, StatusCode status, TimeSpan duration)
    {
        if (!_requests.Enabled)
            return;

        _requests.Record(
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
        _abandoned.Add(1, _network, new KeyValuePair<string, object?>("server.address", endpoint.Authority));
}

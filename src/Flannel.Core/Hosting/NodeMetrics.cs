using System.Diagnostics.Metrics;

namespace Flannel.Core.Hosting;

/// <summary>The node's gauges; they read the status when somebody collects.</summary>
internal sealed class NodeMetrics : IDisposable
{
    private readonly Meter _meter;
    private volatile bool _isDisposed;

    public NodeMetrics(IMeterFactory factory, string network, TimeProvider time, Func<FlannelNodeStatus> status)
    {
        _meter = factory.Create(new MeterOptions(FlannelTelemetry.MeterName)
        {
            Version = typeof(NodeMetrics).Assembly.GetName().Version?.ToString(3),
            Tags = [new KeyValuePair<string, object?>(FlannelTelemetry.NetworkTag, network)],
        });
        Gauge(FlannelTelemetry.Peers, "{peer}", "Accepted peers.", current => current.Peers.Count);
        Gauge(FlannelTelemetry.PeersFailing, "{peer}", "Peers that cannot be programmed.", current => current.PeerProblems.Count);
        Gauge(FlannelTelemetry.LeasesQuarantined, "{lease}", "Leases that are refused.", current => current.QuarantinedCount);
        Gauge(FlannelTelemetry.NodeHealthy, "1", "Whether the node is ready and nothing is wrong.", current => current.State == FlannelNodeState.Ready ? 1 : 0);
        Gauge(FlannelTelemetry.LeaseExpiresIn, "s", "Remaining life of the own lease.", current => (current.Lease?.Expiration - time.GetUtcNow())?.TotalSeconds);

        void Gauge(string name, string unit, string description, Func<FlannelNodeStatus, double?> read) =>
            _meter.CreateObservableGauge(name, () => _isDisposed || read(status()) is not { } value ? [] : new[] { new Measurement<double>(value) }, unit, description);
    }

    /// <summary>Silences the gauges; the meter itself belongs to its factory.</summary>
    public void Dispose() => _isDisposed = true;
}

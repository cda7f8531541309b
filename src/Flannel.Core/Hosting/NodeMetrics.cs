using System.Diagnostics.Metrics;
using Flannel.Core.Diagnostics;

namespace Flannel.Core.Hosting;

/// <summary>The node's gauges; they read the status when somebody collects, and vanish with the node.</summary>
internal sealed class NodeMetrics : IDisposable
{
    private readonly Meter _meter;

    public NodeMetrics(IMeterFactory? factory, string network, TimeProvider time, Func<FlannelNodeStatus> status)
    {
        _meter = Instrumentation.NewMeter(factory);
        KeyValuePair<string, object?> tag = new(FlannelTelemetry.NetworkTag, network);
        Gauge(FlannelTelemetry.Peers, "{peer}", "Accepted peers.", current => current.Peers.Count);
        Gauge(FlannelTelemetry.PeersFailing, "{peer}", "Peers that cannot be programmed.", current => current.PeerProblems.Count);
        Gauge(FlannelTelemetry.PeersRetained, "{peer}", "Peers that are gone from the store and kept for a while.", current => current.PeersRetained);
        Gauge(FlannelTelemetry.LeasesQuarantined, "{lease}", "Leases that are refused.", current => current.QuarantinedCount);
        Gauge(
            FlannelTelemetry.NodeHealthy,
            "1",
            "Whether the node is ready and nothing is wrong.",
            current => current.State == FlannelNodeState.Ready ? 1 : 0);
        Gauge(
            FlannelTelemetry.LeaseExpiresIn,
            "s",
            "Remaining life of the own lease.",
            current => (current.Lease?.Expiration - time.GetUtcNow())?.TotalSeconds);
        _meter.CreateObservableCounter(
            FlannelTelemetry.GuardDrops,
            () => status().Guard is { } guard
                ? ByReason(guard.Drops)
                    .Select(drop => new Measurement<long>(drop.Count, tag, KeyValuePair.Create(FlannelTelemetry.ReasonTag, (object?)drop.Reason)))
                : [],
            "{packet}",
            "Packets that the guard dropped.");

        void Gauge(string name, string unit, string description, Func<FlannelNodeStatus, double?> read) =>
            _meter.CreateObservableGauge(
                name, () => read(status()) is { } value ? new[] { new Measurement<double>(value, tag) } : [], unit, description);
    }

    public void Dispose() => _meter.Dispose();

    private static IEnumerable<(string Reason, long Count)> ByReason(GuardDrops drops) =>
    [
        ("unknown_sender", drops.UnknownSender), ("container", drops.Container),
        ("foreign_source", drops.ForeignSource), ("foreign_destination", drops.ForeignDestination),
    ];
}

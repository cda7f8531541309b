using System.Diagnostics.Metrics;
using Flannel.Core.Diagnostics;

namespace Flannel.Core.Leases;

/// <summary>What the lease policy counts.</summary>
internal sealed class LeaseMetrics
{
    private readonly Counter<long> _renewals;
    private readonly Counter<long> _outages;
    private readonly Counter<long> _abandoned;
    private readonly Counter<long> _conflicts;
    private readonly KeyValuePair<string, object?> _network;

    public LeaseMetrics(IMeterFactory? factory, string networkName)
    {
        Meter meter = Instrumentation.MeterOf(factory);
        _renewals = meter.CreateCounter<long>(FlannelTelemetry.LeaseRenewals, "{renewal}", "Attempts to renew the own lease.");
        _outages = meter.CreateCounter<long>(FlannelTelemetry.StoreOutages, "{outage}", "Times that the lease store went away.");
        _abandoned = meter.CreateCounter<long>(
            FlannelTelemetry.StoreAbandoned, "{call}", "Calls and watches of the store that did not end and were abandoned.");
        _conflicts = meter.CreateCounter<long>(
            FlannelTelemetry.LeaseConflicts, "{conflict}", "Claims of other live hosts with this one's public address.");
        _network = new KeyValuePair<string, object?>(FlannelTelemetry.NetworkTag, networkName);
    }

    /// <summary>Counts one attempt to renew.</summary>
    public void CountRenewal(bool succeeded) =>
        _renewals.Add(1, _network, new KeyValuePair<string, object?>(FlannelTelemetry.ResultTag, succeeded ? "ok" : "failed"));

    /// <summary>Counts one time that the store went away.</summary>
    /// <param name="isSilent">Whether it was noticed by a watch that fell silent, without any error.</param>
    public void CountOutage(bool isSilent) =>
        _outages.Add(1, _network, new KeyValuePair<string, object?>(FlannelTelemetry.ReasonTag, isSilent ? "silent" : "failed"));

    /// <summary>Counts one claim of another host, and whether the lease was kept.</summary>
    public void CountConflict(bool isKept) =>
        _conflicts.Add(1, _network, new KeyValuePair<string, object?>(FlannelTelemetry.ResultTag, isKept ? "kept" : "yielded"));

    /// <summary>Counts one call or watch that did not end.</summary>
    public void CountAbandoned() => _abandoned.Add(1, _network);
}

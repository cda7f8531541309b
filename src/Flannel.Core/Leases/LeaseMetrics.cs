using System.Diagnostics.Metrics;
using Flannel.Core.Diagnostics;

namespace Flannel.Core.Leases;

/// <summary>What the lease policy counts.</summary>
internal sealed class LeaseMetrics
{
    private readonly Counter<long>? _renewals;
    private readonly KeyValuePair<string, object?> _network;

    public LeaseMetrics(IMeterFactory? factory, string networkName)
    {
        _renewals = factory?.Create(FlannelTelemetry.MeterName).CreateCounter<long>(
            FlannelTelemetry.LeaseRenewals, "{renewal}", "Attempts to renew the own lease.");
        _network = new KeyValuePair<string, object?>(FlannelTelemetry.NetworkTag, networkName);
    }

    /// <summary>Counts one attempt to renew.</summary>
    public void CountRenewal(bool succeeded) =>
        _renewals?.Add(1, _network, new KeyValuePair<string, object?>(FlannelTelemetry.ResultTag, succeeded ? "ok" : "failed"));
}

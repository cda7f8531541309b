using Flannel.Extensibility;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Flannel.Core.Health;

/// <summary>A health check of one network, or of all that there are at the time of the check.</summary>
/// <param name="nodes">The nodes of this process.</param>
/// <param name="network">The network's name, or <see langword="null"/> for all.</param>
internal abstract class NetworkHealthCheck(NodeList nodes, string? network) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(Check(context.Registration.FailureStatus));
    }

    /// <summary>What is to be said of one node.</summary>
    /// <param name="status">The node's status.</param>
    /// <param name="failure">The status of a node that fails the check.</param>
    protected abstract (HealthStatus Health, string Reason) Judge(FlannelNodeStatus status, HealthStatus failure);

    private HealthCheckResult Check(HealthStatus failure)
    {
        IReadOnlyList<IFlannelNode> checkedNodes = network is null ? nodes.All() : nodes.Find(network) is { } found ? [found] : [];
        if (checkedNodes.Count == 0)
        {
            return network is null
                ? HealthCheckResult.Healthy("This process is in no network.")
                : new HealthCheckResult(
                    failure, $"There is no {NetworkName.Within(network)} in this process; call AddFlannel with this name on the services.");
        }

        HealthStatus worst = HealthStatus.Healthy;
        List<string> sentences = [];
        Exception? error = null;
        Dictionary<string, object> data = new(StringComparer.Ordinal);
        foreach (IFlannelNode node in checkedNodes)
        {
            FlannelNodeStatus status = node.Status;
            (HealthStatus health, string reason) = Judge(status, failure);
            if (health < worst) (worst, error) = (health, status.Error);
            sentences.Add($"{NetworkName.Of(node.Name)} is {status.State}{(reason.Length > 0 ? $": {reason.TrimEnd('.')}" : "")}.");
            AddData(data, network is null && node.Name.Length > 0 ? $"{node.Name}." : "", status);
        }

        return new HealthCheckResult(worst, string.Join(' ', sentences), error, data);
    }

    // Names are part of the public surface: docs/metrics.md.
    private static void AddData(Dictionary<string, object> data, string prefix, FlannelNodeStatus status)
    {
        Add("state", status.State.ToString());
        Add("reason", status.Reason.Length > 0 ? status.Reason : null);
        Add("subnet", status.Lease?.Key.ToString());
        Add("leaseExpires", status.Lease?.Expiration);
        Add("publicAddress", (status.ExternalInterface?.PublicIP ?? status.ExternalInterface?.PublicIPv6)?.ToString());
        Add("mtu", status.Mtu);
        Add("peers", status.Peers.Count);
        Add("peersFailing", status.PeerProblems.Count);
        Add("quarantined", status.QuarantinedCount);
        Add("store", status.StoreError is { } away ? $"away ({away.Kind})" : "available");

        void Add(string name, object? value)
        {
            if (value is not null) data[prefix + name] = value;
        }
    }
}

using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Flannel.Core.Health;

/// <summary>Whether containers can use the network: healthy, or degraded while something is wrong that leaves it working.</summary>
internal sealed class ReadinessCheck(NodeList nodes, string? network) : NetworkHealthCheck(nodes, network)
{
    protected override (HealthStatus Health, string Reason) Judge(FlannelNodeStatus status, HealthStatus failure)
    {
        HealthStatus health = status.State switch
        {
            FlannelNodeState.Ready => HealthStatus.Healthy,
            FlannelNodeState.Degraded => HealthStatus.Degraded,
            _ => failure,
        };
        return (health, status.Reason);
    }
}

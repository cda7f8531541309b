using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Flannel.Core.Health;

/// <summary>
/// Whether a restart of the program is the only cure: a node's loop has ended by itself, or has stopped seeing to its lease. A store that is away, a
/// node that does not get ready or was stopped are no reasons.
/// </summary>
internal sealed class LivenessCheck(NodeList nodes, string? network, TimeProvider time) : NetworkHealthCheck(nodes, network)
{
    // A loop that lives renews its lease or says that it could not, at the latest when it ends; a process that was paused gets some time to notice.
    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(2);

    protected override (HealthStatus Health, string Reason) Judge(FlannelNodeStatus status, HealthStatus failure)
    {
        if (!status.IsAlive) return (failure, status.Reason);
        bool isForgotten = status is { IsReady: true, Error: not LeaseException, Lease.Expiration: { } end } && end + Grace < time.GetUtcNow();
        return isForgotten
            ? (
                failure,
                $"its lease {status.Lease!.Key} ended at {status.Lease.Expiration:u} and nothing has happened since: a loop of this library " +
                "hangs; restart the program")
            : (HealthStatus.Healthy, "");
    }
}

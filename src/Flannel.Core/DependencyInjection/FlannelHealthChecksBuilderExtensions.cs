using Flannel;
using Flannel.Core.Health;
using Flannel.Extensibility;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds Flannel's networks to the health checks of the application.</summary>
public static class FlannelHealthChecksBuilderExtensions
{
    /// <summary>
    /// Adds two health checks. <c>flannel.ready</c>, with the tag <c>ready</c>, is healthy while containers can use the network, degraded while
    /// something is wrong that leaves it working, and fails otherwise; its data tell the state, the reason, the subnet, the peers and whether the
    /// store is available.
    /// <c>flannel.live</c>, with the tag <c>live</c>, fails only if a node does not work any more and a restart of the program is the cure: a store
    /// that is away is no reason for one. Both have the tag <c>flannel</c> as well.
    /// </summary>
    /// <remarks>Neither asks the store or the kernel anything: a check costs what reading <see cref="IFlannelNode.Status"/> costs.</remarks>
    /// <param name="builder">The health checks.</param>
    /// <param name="network">
    /// The network to check, whose checks are named <c>flannel.ready.NAME</c> and <c>flannel.live.NAME</c> and whose data have plain keys
    /// (<c>state</c>). <see langword="null"/>, the default, checks all that there are at the time, also those that are made later; the worst of them
    /// counts, and the keys begin with the network's name (<c>blue.state</c>), the default network's excepted.
    /// </param>
    /// <param name="failureStatus">The status of a check that fails; <see cref="HealthStatus.Unhealthy"/> by default.</param>
    /// <param name="tags">More tags, for both checks.</param>
    /// <returns>The health checks.</returns>
    public static IHealthChecksBuilder AddFlannel(
        this IHealthChecksBuilder builder, string? network = null, HealthStatus? failureStatus = null, IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        string suffix = string.IsNullOrEmpty(network) ? network is null ? "" : ".default" : $".{network}";
        string[] more = [.. tags ?? []];
        builder.Add(new HealthCheckRegistration(
            $"flannel.ready{suffix}", provider => new ReadinessCheck(NodeList.From(provider), network), failureStatus,
            ["flannel", "ready", .. more]));
        return builder.Add(new HealthCheckRegistration(
            $"flannel.live{suffix}",
            provider => new LivenessCheck(NodeList.From(provider), network, provider.GetTime()),
            failureStatus,
            ["flannel", "live", .. more]));
    }
}

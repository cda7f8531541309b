using System.Runtime.Versioning;
using Flannel.Extensibility;

namespace Flannel.Linux.Traffic;

/// <summary>
/// Traffic rules in nftables. One of our chains that accepts a packet ends only itself: a drop in another table at the same hook still counts, so
/// <see cref="TrafficPolicy.Forward"/> cannot overrule a firewall that drops by default as the chain in iptables' own table does.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class NftablesRules(RuleReconciler keeper) : ITrafficRules
{
    /// <inheritdoc/>
    public PacketFilter Filter => PacketFilter.Nftables;

    /// <inheritdoc/>
    public IAsyncEnumerable<TrafficStatus> KeepAsync(TrafficPolicy policy, CancellationToken cancellationToken) =>
        keeper.KeepAsync(policy, new NftablesRuleSet(policy), cancellationToken);

    /// <inheritdoc/>
    public Task RemoveAsync(TrafficPolicy policy, CancellationToken cancellationToken) =>
        keeper.RemoveAsync(policy, new NftablesRuleSet(policy), cancellationToken);
}

using System.Runtime.Versioning;
using Flannel.Extensibility;

namespace Flannel.Linux.Traffic;

/// <summary>Traffic rules in iptables and ip6tables, over nf_tables or legacy: whichever the host's programs use.</summary>
[SupportedOSPlatform("linux")]
internal sealed class IptablesRules(ProgramRunner programs, RuleReconciler keeper) : ITrafficRules
{
    /// <inheritdoc/>
    public PacketFilter Filter => PacketFilter.Iptables;

    /// <inheritdoc/>
    public IAsyncEnumerable<TrafficStatus> KeepAsync(TrafficPolicy policy, CancellationToken cancellationToken) =>
        keeper.KeepAsync(policy, new IptablesRuleSet(policy, programs), cancellationToken);

    /// <inheritdoc/>
    public Task RemoveAsync(TrafficPolicy policy, CancellationToken cancellationToken) =>
        keeper.RemoveAsync(policy, new IptablesRuleSet(policy, programs), cancellationToken);
}

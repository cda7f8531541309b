using Flannel.Extensibility;

namespace Flannel.Core.Sessions;

/// <content>The host's packet filter, if the host application has us see to it.</content>
internal sealed partial class OverlaySession
{
    private readonly TaskCompletionSource _trafficHolds = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Promises that nobody is there to keep are refused before anything is touched.</summary>
    private void RequireTrafficRules()
    {
        if (_services.TrafficRules.Count > 0 || !(Options.IpMasq || Options.Traffic.Blackhole)) return;
        string option = Options.IpMasq ? nameof(Options.IpMasq) : $"{nameof(Options.Traffic)}.{nameof(Options.Traffic.Blackhole)}";
        throw new TrafficRulesException(
            $"The option {option} asks for traffic rules, and nothing that makes them is registered for {NetworkName.Within(_services.Name)}. Call " +
            "UseTrafficRules() of the package Flannel.Linux on what AddFlannel() returned, or leave the option off.");
    }

    private async Task<SessionEnd> FollowTrafficAsync(CancellationToken cancellationToken)
    {
        if (_services.TrafficRules.Count == 0)
        {
            _trafficHolds.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, _services.Time, cancellationToken).ConfigureAwait(false);
        }

        TrafficPolicy policy = _held.PolicyFor(_config, _held.Lease!);
        PacketFilter wanted = Options.Traffic.Filter ?? (_config.EnableNFTables ? PacketFilter.Nftables : PacketFilter.Iptables);
        ITrafficRules rules = _services.TrafficRules.FirstOrDefault(candidate => candidate.Filter == wanted)
            ?? throw new TrafficRulesException(
                $"The network asks for traffic rules in {wanted}, and none are registered for it; call UseTrafficRules() on what AddFlannel() " +
                "returned.");
        Task cleaning = CleanUpAsync(_services.TrafficRules.Where(candidate => candidate != rules), policy, cancellationToken);
        try
        {
            await foreach (TrafficStatus status in rules.KeepAsync(policy, cancellationToken).ConfigureAwait(false))
            {
                _condition.Change(condition => condition with { IsTrafficPending = false, TrafficError = status.Problem });
                if (status.Problem is null) _trafficHolds.TrySetResult();
            }

            throw EndedByItself();
        }
        finally
        {
            await cleaning.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>
    /// Rules of the other kind are from a time when the network was configured for that. They go once those that replace them hold: packets have
    /// rules all the time, and a node that starts waits for nothing of the past.
    /// </summary>
    private async Task CleanUpAsync(IEnumerable<ITrafficRules> others, TrafficPolicy policy, CancellationToken cancellationToken)
    {
        await _trafficHolds.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        foreach (ITrafficRules other in others)
        {
            try
            {
                await other.RemoveAsync(policy with { Blackhole = false }, cancellationToken).ConfigureAwait(false);
            }
            catch (FlannelException exception)
            {
                Log.TrafficLeftover(_logger, NetworkName.Of(_services.Name), other.Filter, exception.Message);
            }
        }
    }
}

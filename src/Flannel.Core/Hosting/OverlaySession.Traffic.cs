using System.Net;
using Flannel.Core.Diagnostics;
using Flannel.Core.Leases;
using Flannel.Core.Traffic;

namespace Flannel.Core.Hosting;

/// <content>The host's packet filter, if the host application has us see to it.</content>
internal sealed partial class OverlaySession
{
    private readonly TaskCompletionSource _trafficHolds = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task<string> FollowTrafficAsync(CancellationToken cancellationToken)
    {
        if (_services.TrafficRules.Count == 0)
        {
            _trafficHolds.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, _services.Time, cancellationToken).ConfigureAwait(false);
        }

        TrafficPolicy policy = PolicyFor(_lease!);
        _condition.Change(condition => condition with { IsTrafficPending = !condition.IsSettled });
        PacketFilter wanted = Options.Traffic.Filter ?? (_config.EnableNFTables ? PacketFilter.Nftables : PacketFilter.Iptables);
        ITrafficRules rules = _services.TrafficRules.FirstOrDefault(candidate => candidate.Filter == wanted)
            ?? throw new TrafficRulesException($"The network asks for traffic rules in {wanted}, and none are registered for it; call UseTrafficRules() on what AddFlannel() returned.");
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

    /// <summary>Rules of the other kind are from a time when the network was configured for that. They delay nobody while they go.</summary>
    private async Task CleanUpAsync(IEnumerable<ITrafficRules> others, TrafficPolicy policy, CancellationToken cancellationToken)
    {
        foreach (ITrafficRules other in others)
        {
            try
            {
                await other.RemoveAsync(policy with { Blackhole = false }, cancellationToken).ConfigureAwait(false);
            }
            catch (FlannelException exception)
            {
                LogTrafficLeftover(_logger, _services.Name, other.Filter, exception.Message);
            }
        }
    }

    private async Task RemoveTrafficRulesAsync(Lease lease, CancellationToken cancellationToken)
    {
        foreach (ITrafficRules rules in _services.TrafficRules)
            await rules.RemoveAsync(PolicyFor(lease), cancellationToken).ConfigureAwait(false);
    }

    private TrafficPolicy PolicyFor(Lease lease)
    {
        List<TrafficRange> ranges = [];
        if (_config.EnableIPv4) ranges.Add(new TrafficRange(_config.Network!.Value, lease.Subnet!.Value));
        if (_config.EnableIPv6) ranges.Add(new TrafficRange(_config.IPv6Network!.Value, lease.SubnetIPv6!.Value));
        return new TrafficPolicy
        {
            NetworkName = _services.Name,
            NetworkNamespace = Options.NetworkNamespace,
            Ranges = [.. ranges],
            Masquerade = Options.IpMasq,
            MasqueradeExclusions = [.. Options.Traffic.MasqueradeExclusions.Select(IPNetwork.Parse)],
            RandomFully = Options.Traffic.RandomFully,
            Forward = Options.Traffic.Forward,
            Blackhole = Options.Traffic.Blackhole,
            ResyncInterval = Options.Traffic.ResyncInterval,
        };
    }
}

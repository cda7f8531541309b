using System.Runtime.Versioning;
using System.Threading.Channels;
using Flannel.Extensibility;
using Flannel.Netlink;
using Flannel.Netlink.Netfilter;
using Flannel.Netlink.Route.Monitoring;

namespace Flannel.Linux.Traffic;

/// <summary>Waits for changes that may have touched the rules: told by the kernel where it tells, else until time is up.</summary>
[SupportedOSPlatform("linux")]
internal sealed class RuleWatch(TrafficPolicy policy, IRuleSet rules, BlackholeRoutes blackholes, TimeProvider time) : IDisposable
{
    private NftablesMonitor? _nftables;
    private RouteMonitor? _routes;

    /// <summary>Starts to listen, unless it does already. Before the rules are read: then nothing is missed.</summary>
    /// <returns>Why changes of the rules are not told; <see langword="null"/> if they are.</returns>
    public NetlinkException? Open()
    {
        try
        {
            if (policy.Blackhole)
                _routes ??= NetworkNamespace.Run(policy.NetworkNamespace, static () => RouteMonitor.Open(OfRoutes()));
            _nftables ??= NetworkNamespace.Run(policy.NetworkNamespace, () => NftablesMonitor.Open(rules.Concerns));
            return null;
        }
        catch (NetlinkException exception)
        {
            return exception;
        }
    }

    /// <summary>Waits for a change, at most this long.</summary>
    public async Task WaitAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] waits =
        [
            Task.Delay(longest, time, end.Token),
            _nftables is null ? Task.Delay(Timeout.InfiniteTimeSpan, time, end.Token) : WaitForRulesAsync(_nftables, end.Token),
            _routes is null ? Task.Delay(Timeout.InfiniteTimeSpan, time, end.Token) : WaitForRoutesAsync(_routes, end.Token),
        ];
        await Task.WhenAny(waits).ConfigureAwait(false);
        await end.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(waits).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Stops listening.</summary>
    public void Dispose()
    {
        _nftables?.Dispose();
        _routes?.Dispose();
    }

    private static RouteMonitorOptions OfRoutes() => new() { Groups = RouteMonitorGroups.IPv4Routes | RouteMonitorGroups.IPv6Routes };

    // A monitor that failed is replaced by the next Open; until then everything may have changed.
    private async Task WaitForRulesAsync(NftablesMonitor monitor, CancellationToken cancellationToken)
    {
        try
        {
            await monitor.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            monitor.Dispose();
            _nftables = null;
        }
    }

    private async Task WaitForRoutesAsync(RouteMonitor monitor, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (RouteNotification notification in monitor.WatchAsync(cancellationToken).ConfigureAwait(false))
            {
                if (blackholes.Concerns(notification))
                    return;
            }
        }
        catch (NetlinkException)
        {
            monitor.Dispose();
            _routes = null;
        }
    }
}

using Flannel;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace KubernetesOperator;

/// <summary>What the network is for: it is seen from within, without a second process, a file or an exit code in between.</summary>
internal sealed partial class Operator(IFlannelNode node, ILogger<Operator> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (FlannelNodeStatus status in node.WatchAsync(stoppingToken))
            LogStatus(status.State, status.Lease?.Key, status.Peers.Count, status.Reason);
    }

    [LoggerMessage(1, LogLevel.Information, "{State} with {Subnet}, {Peers} peers. {Reason}")]
    private partial void LogStatus(FlannelNodeState state, SubnetKey? subnet, int peers, string reason);
}

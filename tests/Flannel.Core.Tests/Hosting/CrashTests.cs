using Flannel.Core.Hosting;
using Flannel.Core.Sessions;
using Flannel.Extensibility;
using Flannel.Testing;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Tests.Hosting;

/// <summary>An error in what handles errors: the host application goes on and can tell.</summary>
public class CrashTests
{
    [Fact]
    public async Task Node_WhoseLoopEndsByAnError_SaysSoAndCanBeStoppedAndStartedAgain()
    {
        var services = new NodeServices
        {
            Name = "",
            Options = new FlannelOptions(),
            ReadOptions = static () => new FlannelOptions(),
            SubnetManager = new AwayManager(),
            Backends = [new FakeBackend()],
            HostNetwork = new InMemoryHostNetwork(),
            Claims = new NetworkClaims(),
            Time = TimeProvider.System,
            Random = new BrokenRandom(),
            LoggerFactory = LoggerFactory.Create(static _ => { }),
        };
        var node = new FlannelNode(services);
        await node.StartAsync();
        FlannelNodeStatus status = await UntilAsync(node, static status => !status.IsAlive);

        Assert.Equal((FlannelNodeState.Failed, false), (status.State, status.IsReady));
        Assert.Contains("no luck", status.Reason, StringComparison.Ordinal);
        Assert.Contains("restart the program", status.Reason, StringComparison.Ordinal);
        await node.StopAsync().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal((FlannelNodeState.Stopped, true), (node.Status.State, node.Status.IsAlive));
        await node.DisposeAsync();
    }

    private static async Task<FlannelNodeStatus> UntilAsync(FlannelNode node, Func<FlannelNodeStatus, bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await foreach (FlannelNodeStatus status in node.WatchAsync(limit.Token))
        {
            if (condition(status)) return status;
        }

        throw new InvalidOperationException("The node is gone.");
    }

    private sealed class BrokenRandom : Random
    {
        public override double NextDouble() => throw new InvalidOperationException("no luck");
    }

    private sealed class AwayManager : ISubnetManager
    {
        public Task<ISubnetView> OpenAsync(CancellationToken cancellationToken) => throw new StoreException("not now", isTransient: true);

        public Task ReleaseAsync(Lease lease, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task ResetConnectionsAsync() => Task.CompletedTask;
    }
}

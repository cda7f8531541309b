using Flannel.Core.Networks;
using Microsoft.Extensions.Hosting;

namespace Flannel.Core.Hosting;

/// <summary>
/// Ties the networks to a generic host. What cannot work, such as invalid options, fails its start; a store that is away holds nothing up, unless
/// options ask for that.
/// </summary>
internal sealed class FlannelHostedService(FlannelNetworks networks) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        networks.ComposeAll();
        return Task.CompletedTask;
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<FlannelNode> nodes = await networks.StartAsync(cancellationToken).ConfigureAwait(false);
        await Task.WhenAll(nodes.Select(node => node.HoldHostStartAsync(cancellationToken))).ConfigureAwait(false);
    }

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => networks.StopAsync(cancellationToken);

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

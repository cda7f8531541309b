using Microsoft.Extensions.Hosting;

namespace Flannel.Core.Hosting;

/// <summary>Ties a node to a generic host. Starting returns at once, so a store that is away never holds up the host.</summary>
internal sealed class FlannelHostedService(IFlannelNode node) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => node.StartAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => node.StopAsync(cancellationToken);
}

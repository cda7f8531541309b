using System.Diagnostics.Metrics;
using Flannel.Core.Backends;
using Flannel.Core.Configuration;
using Flannel.Core.Leases;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Hosting;

/// <summary>Everything a node is made of.</summary>
internal sealed record NodeServices
{
    public required string Name { get; init; }

    public required FlannelOptions Options { get; init; }

    public required ISubnetManager SubnetManager { get; init; }

    public required IReadOnlyList<IBackend> Backends { get; init; }

    public required IHostNetwork HostNetwork { get; init; }

    public required TimeProvider Time { get; init; }

    public required Random Random { get; init; }

    public required ILoggerFactory LoggerFactory { get; init; }

    public IMeterFactory? MeterFactory { get; init; }
}

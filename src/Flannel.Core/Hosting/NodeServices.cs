using System.Diagnostics.Metrics;
using Flannel.Core.Sessions;
using Flannel.Extensibility;
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

    /// <summary>One per packet filter, or none if the host application sees to its traffic itself.</summary>
    public IReadOnlyList<ITrafficRules> TrafficRules { get; init; } = [];

    /// <summary>What the networks of this process have claimed, shared by all of them.</summary>
    public required NetworkClaims Claims { get; init; }

    public required TimeProvider Time { get; init; }

    public required Random Random { get; init; }

    public required ILoggerFactory LoggerFactory { get; init; }

    public IMeterFactory? MeterFactory { get; init; }
}

using System.Diagnostics.Metrics;
using Flannel.Core.Sessions;
using Flannel.Extensibility;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Hosting;

/// <summary>Everything a node is made of.</summary>
internal sealed record NodeServices
{
    public required string Name { get; init; }

    /// <summary>The options that the node was started with.</summary>
    public required FlannelOptions Options { get; init; }

    /// <summary>Reads the options as they are now, for the node and for its policy.</summary>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">They are invalid now.</exception>
    public required Func<FlannelOptions> ReadOptions { get; init; }

    public required ISubnetManager SubnetManager { get; init; }

    /// <summary>Where the leases are; <see langword="null"/> if the subnet manager keeps them itself.</summary>
    public ILeaseStore? Store { get; init; }

    public required IReadOnlyList<IBackend> Backends { get; init; }

    public required IHostNetwork HostNetwork { get; init; }

    /// <summary>One per packet filter, or none if the host application sees to its traffic itself.</summary>
    public IReadOnlyList<ITrafficRules> TrafficRules { get; init; } = [];

    /// <summary>What the networks of this process have claimed, shared by all of them.</summary>
    public required NetworkClaims Claims { get; init; }

    /// <summary>Whether somebody will start the node who has not done so yet.</summary>
    public Func<bool> WillBeStarted { get; init; } = static () => false;

    public required TimeProvider Time { get; init; }

    public required Random Random { get; init; }

    public required ILoggerFactory LoggerFactory { get; init; }

    public IMeterFactory? MeterFactory { get; init; }
}

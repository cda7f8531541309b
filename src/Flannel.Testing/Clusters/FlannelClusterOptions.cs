using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Testing;

/// <summary>What a <see cref="FlannelCluster"/> is made of.</summary>
public sealed record FlannelClusterOptions
{
    /// <summary>How many nodes there are at the beginning. Default 3.</summary>
    /// <value>0 to 250.</value>
    public int Nodes { get; init; } = 3;

    /// <summary>
    /// The network configuration as JSON text. Its backend is replaced by a <see cref="FakeBackend"/> of the same name, so the configuration of a
    /// real network will do. Default <c>{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan"}}</c>.
    /// </summary>
    public string Config { get; init; } = """{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan"}}""";

    /// <summary>
    /// Whether time passes by itself. Default <see langword="false"/>: it stands still until <see cref="FlannelCluster"/> moves it.
    /// </summary>
    public bool UseRealTime { get; init; }

    /// <summary>How long, in real time, the cluster waits for what comes in a moment, or never. Default 30 s.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Sets the options of every node, whenever it starts.</summary>
    public Action<FlannelOptions>? ConfigureNodes { get; init; }

    /// <summary>Adds to the services of every node, whenever it starts: logging, for example.</summary>
    public Action<IServiceCollection>? ConfigureServices { get; init; }
}

using System.Runtime.Versioning;
using Flannel;
using Flannel.Containers.Subnets;
using Flannel.Extensibility;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Lets a host attach containers to a network.</summary>
public static class ContainersFlannelBuilderExtensions
{
    /// <summary>
    /// Registers <see cref="IContainerNetwork"/> for the network's node, under the network's name; that of the default network also without a key.
    /// For networks that are made while the process runs, call
    /// <see cref="ContainerNetwork.For(IFlannelNode, ContainerNetworkOptions?, Microsoft.Extensions.Logging.ILoggerFactory?)"/> instead.
    /// </summary>
    /// <param name="builder">The network.</param>
    /// <param name="configure">Sets the options.</param>
    [SupportedOSPlatform("linux")]
    public static IFlannelBuilder UseContainers(this IFlannelBuilder builder, Action<ContainerNetworkOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Configure(configure);
        builder.Services.AddKeyedSingleton<IContainerNetwork>(builder.Name, static (provider, key) => Create(provider, (string)key!));
        if (builder.Name.Length == 0)
            builder.Services.AddSingleton(static provider => provider.GetRequiredKeyedService<IContainerNetwork>(string.Empty));
        return builder;
    }

    [SupportedOSPlatform("linux")]
    private static ContainerNetwork Create(IServiceProvider provider, string name)
    {
        IFlannelNode node = provider.GetRequiredKeyedService<IFlannelNode>(name);
        ContainerNetworkOptions options = provider.GetRequiredService<IOptionsMonitor<ContainerNetworkOptions>>().Get(name);
        options.NetworkNamespace ??= provider.GetRequiredService<IOptionsMonitor<FlannelOptions>>().Get(name).NetworkNamespace;
        return new ContainerNetwork(options, () => HostSubnets.Of(node.Status), node, provider.GetLogger<ContainerNetwork>(), provider.GetTime());
    }
}

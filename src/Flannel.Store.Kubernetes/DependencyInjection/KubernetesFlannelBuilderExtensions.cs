using System.Diagnostics.Metrics;
using Flannel;
using Flannel.Extensibility;
using Flannel.Store.Kubernetes;
using Flannel.Store.Kubernetes.Access;
using Flannel.Store.Kubernetes.Diagnostics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Lets Kubernetes give a network's subnets.</summary>
public static class KubernetesFlannelBuilderExtensions
{
    /// <summary>
    /// Uses the Kubernetes API: the subnet is the Node's podCIDR, what is published are flannel's annotations of the Node, and peers are the other
    /// Nodes, those of flannel among them. Without options it is the cluster of the pod that this process runs in, the Node named by the variable
    /// <c>NODE_NAME</c>, and flannel's file with the network configuration.
    /// </summary>
    /// <param name="builder">The network.</param>
    /// <param name="configure">Sets the options; called again for the same network it adds to them.</param>
    public static IFlannelBuilder UseKubernetes(this IFlannelBuilder builder, Action<KubernetesStoreOptions>? configure = null) =>
        builder.Configure<KubernetesStoreOptions>(configure).AddKubernetes();

    /// <summary>
    /// Uses the Kubernetes API with options that services help to set; as
    /// <see cref="UseKubernetes(IFlannelBuilder, Action{KubernetesStoreOptions}?)"/>.
    /// </summary>
    /// <param name="builder">The network.</param>
    /// <param name="configure">Sets the options, given the services of the process.</param>
    public static IFlannelBuilder UseKubernetes(this IFlannelBuilder builder, Action<KubernetesStoreOptions, IServiceProvider> configure) =>
        builder.Configure(configure).AddKubernetes();

    /// <summary>
    /// Uses the Kubernetes API with options bound from configuration; as
    /// <see cref="UseKubernetes(IFlannelBuilder, Action{KubernetesStoreOptions}?)"/>.
    /// </summary>
    /// <param name="builder">The network.</param>
    /// <param name="configuration">The section that holds the <see cref="KubernetesStoreOptions"/>.</param>
    public static IFlannelBuilder UseKubernetes(this IFlannelBuilder builder, IConfiguration configuration) =>
        builder.Configure<KubernetesStoreOptions>(configuration, static (section, options) => section.Bind(options)).AddKubernetes();

    private static IFlannelBuilder AddKubernetes(this IFlannelBuilder builder) => builder
        .Validate(new KubernetesStoreOptionsValidator())
        .Validate(new KubernetesStoreOptionsRules())
        .UseSubnetManager(static (provider, name) => new KubernetesSubnetManager(
            provider.GetRequiredService<IOptionsMonitor<KubernetesStoreOptions>>().Get(name),
            KubernetesEnvironment.OfProcess(),
            () => provider.GetRequiredService<IOptionsMonitor<FlannelOptions>>().Get(name),
            provider.GetTime(),
            HostServices.NewRandom(),
            provider.GetLogger<KubernetesSubnetManager>(),
            new KubernetesMetrics(provider.GetService<IMeterFactory>(), name)));
}

using Flannel;
using Flannel.Backends.Vxlan;
using Flannel.Extensibility;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the VXLAN backend.</summary>
public static class VxlanFlannelBuilderExtensions
{
    /// <summary>
    /// Lets the network use VXLAN: its configuration's <c>"Backend":{"Type":"vxlan"}</c> chooses it. The kernel carries the packets; Linux and
    /// <c>CAP_NET_ADMIN</c> are needed when the node starts.
    /// </summary>
    /// <param name="builder">The network.</param>
    /// <param name="configure">Sets the options; called again for the same network it adds to them.</param>
    public static IFlannelBuilder UseVxlan(this IFlannelBuilder builder, Action<VxlanBackendOptions>? configure = null) =>
        builder.Configure<VxlanBackendOptions>(configure).AddVxlan();

    /// <summary>
    /// Lets the network use VXLAN with options that services help to set; as <see cref="UseVxlan(IFlannelBuilder, Action{VxlanBackendOptions}?)"/>.
    /// </summary>
    /// <param name="builder">The network.</param>
    /// <param name="configure">Sets the options, given the services of the process.</param>
    public static IFlannelBuilder UseVxlan(this IFlannelBuilder builder, Action<VxlanBackendOptions, IServiceProvider> configure) =>
        builder.Configure(configure).AddVxlan();

    /// <summary>
    /// Lets the network use VXLAN with options bound from configuration; as <see cref="UseVxlan(IFlannelBuilder, Action{VxlanBackendOptions}?)"/>.
    /// </summary>
    /// <param name="builder">The network.</param>
    /// <param name="configuration">The section that holds the <see cref="VxlanBackendOptions"/>.</param>
    public static IFlannelBuilder UseVxlan(this IFlannelBuilder builder, IConfiguration configuration) =>
        builder.Configure<VxlanBackendOptions>(configuration, static (section, options) => section.Bind(options)).AddVxlan();

    private static IFlannelBuilder AddVxlan(this IFlannelBuilder builder) => builder
        .Validate(new VxlanBackendOptionsValidator())
        .Validate(new VxlanBackendOptionsRules())
        .UseLinux()
        .UseBackend(static (provider, name) => new VxlanBackend(
            provider.GetRequiredService<IOptionsMonitor<VxlanBackendOptions>>().Get(name), KernelServices.From<VxlanBackend>(provider)));
}

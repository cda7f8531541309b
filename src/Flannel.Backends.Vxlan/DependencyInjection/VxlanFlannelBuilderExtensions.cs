using Flannel;
using Flannel.Backends.Vxlan;
using Flannel.Extensibility;
using Microsoft.Extensions.DependencyInjection.Extensions;
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
    public static IFlannelBuilder UseVxlan(this IFlannelBuilder builder, Action<VxlanBackendOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        IServiceCollection services = builder.Services;
        services.AddFlannelLinux();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<VxlanBackendOptions>, VxlanBackendOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<VxlanBackendOptions>, VxlanBackendOptionsRules>());
        OptionsBuilder<VxlanBackendOptions> options = services.AddOptions<VxlanBackendOptions>(builder.Name).ValidateOnStart();
        if (configure is not null) options.Configure(configure);

        return builder.UseBackend(static (provider, name) => new VxlanBackend(
            provider.GetRequiredService<IOptionsMonitor<VxlanBackendOptions>>().Get(name), KernelServices.From<VxlanBackend>(provider)));
    }
}

using System.Diagnostics.Metrics;
using Flannel;
using Flannel.Backends.Udp;
using Flannel.Extensibility;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the UDP backend.</summary>
public static class UdpFlannelBuilderExtensions
{
    /// <summary>
    /// Lets the network use UDP: its configuration's <c>"Backend":{"Type":"udp"}</c> chooses it, and so does a configuration without a backend.
    /// Packets pass through this process; Linux, <c>/dev/net/tun</c> and <c>CAP_NET_ADMIN</c> are needed when the node starts.
    /// </summary>
    /// <param name="builder">The network.</param>
    /// <param name="configure">Sets the options; called again for the same network it adds to them.</param>
    public static IFlannelBuilder UseUdp(this IFlannelBuilder builder, Action<UdpBackendOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        IServiceCollection services = builder.Services;
        services.AddFlannelLinux();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<UdpBackendOptions>, UdpBackendOptionsValidator>());
        OptionsBuilder<UdpBackendOptions> options = services.AddOptions<UdpBackendOptions>(builder.Name).ValidateOnStart();
        if (configure is not null) options.Configure(configure);

        return builder.UseBackend(static (provider, name) => new UdpBackend(
            provider.GetRequiredService<IOptionsMonitor<UdpBackendOptions>>().Get(name),
            KernelServices.From<UdpBackend>(provider),
            provider.GetService<IMeterFactory>()));
    }
}

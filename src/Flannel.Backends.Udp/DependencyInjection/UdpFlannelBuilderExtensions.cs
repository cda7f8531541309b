using System.Diagnostics.Metrics;
using Flannel;
using Flannel.Backends.Udp;
using Flannel.Extensibility;
using Microsoft.Extensions.Configuration;
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
    public static IFlannelBuilder UseUdp(this IFlannelBuilder builder, Action<UdpBackendOptions>? configure = null) =>
        builder.Configure<UdpBackendOptions>(configure).AddUdp();

    /// <summary>
    /// Lets the network use UDP with options that services help to set; as <see cref="UseUdp(IFlannelBuilder, Action{UdpBackendOptions}?)"/>.
    /// </summary>
    /// <param name="builder">The network.</param>
    /// <param name="configure">Sets the options, given the services of the process.</param>
    public static IFlannelBuilder UseUdp(this IFlannelBuilder builder, Action<UdpBackendOptions, IServiceProvider> configure) =>
        builder.Configure(configure).AddUdp();

    /// <summary>
    /// Lets the network use UDP with options bound from configuration; as <see cref="UseUdp(IFlannelBuilder, Action{UdpBackendOptions}?)"/>.
    /// </summary>
    /// <param name="builder">The network.</param>
    /// <param name="configuration">The section that holds the <see cref="UdpBackendOptions"/>.</param>
    public static IFlannelBuilder UseUdp(this IFlannelBuilder builder, IConfiguration configuration) =>
        builder.Configure<UdpBackendOptions>(configuration, static (section, options) => section.Bind(options)).AddUdp();

    private static IFlannelBuilder AddUdp(this IFlannelBuilder builder) => builder
        .Validate(new UdpBackendOptionsValidator())
        .UseLinux()
        .UseBackend(static (provider, name) => new UdpBackend(
            provider.GetRequiredService<IOptionsMonitor<UdpBackendOptions>>().Get(name),
            KernelServices.From<UdpBackend>(provider),
            provider.GetService<IMeterFactory>()));
}

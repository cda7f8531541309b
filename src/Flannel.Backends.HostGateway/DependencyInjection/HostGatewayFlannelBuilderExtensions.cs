using Flannel.Backends.HostGateway;
using Flannel.Extensibility;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the host-gw backend.</summary>
public static class HostGatewayFlannelBuilderExtensions
{
    /// <summary>
    /// Lets the network use plain routes between hosts on one layer-2 network: its configuration's <c>"Backend":{"Type":"host-gw"}</c> chooses it.
    /// There is nothing to configure. Linux and <c>CAP_NET_ADMIN</c> are needed when the node starts.
    /// </summary>
    /// <param name="builder">The network.</param>
    public static IFlannelBuilder UseHostGateway(this IFlannelBuilder builder) =>
        builder.UseLinux().UseBackend(static (provider, _) => new HostGatewayBackend(KernelServices.From<HostGatewayBackend>(provider)));
}

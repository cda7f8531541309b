using Flannel;
using Flannel.Extensibility;
using Microsoft.Extensions.DependencyInjection;

namespace CustomBackend;

/// <summary>
/// A backend from outside, in two small files, on public interfaces alone: hosts of one layer-2 network reach each other by plain IPv4 routes. Unlike
/// host-gw its routes bear a protocol number of their own (<c>ip route show proto 250</c>), by which the network tells them from all others.
/// </summary>
public sealed class StaticRoutesBackend : IBackend
{
    public const string TypeName = "static-routes";

    public string Name => TypeName;

    /// <summary>Routes that an earlier run left are no collision with the network.</summary>
    public bool Owns(HostPrefix prefix, NetworkConfig config) => prefix.IsRouteToSubnet(config);

    /// <summary>The configuration's <c>Backend</c> block holds nothing but the name, so nothing in it can change.</summary>
    public string? RefuseLiveChange(NetworkConfig running, NetworkConfig wanted) => null;

    /// <summary>Nothing has to be made before the lease is published.</summary>
    public Task<IBackendNetwork> CreateNetworkAsync(BackendContext context, CancellationToken cancellationToken) =>
        Task.FromResult<IBackendNetwork>(new StaticRoutesNetwork(context));
}

public static class StaticRoutesFlannelBuilderExtensions
{
    /// <summary>Lets the network use static routes: its configuration's <c>"Backend":{"Type":"static-routes"}</c> chooses them.</summary>
    public static IFlannelBuilder UseStaticRoutes(this IFlannelBuilder builder) => builder.UseLinux().UseBackend<StaticRoutesBackend>();
}

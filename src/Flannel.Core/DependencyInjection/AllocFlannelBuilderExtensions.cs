using Flannel.Core.Backends.Alloc;
using Flannel.Extensibility;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the alloc backend.</summary>
public static class AllocFlannelBuilderExtensions
{
    /// <summary>
    /// Lets the network lease subnets without carrying packets: its configuration's <c>"Backend":{"Type":"alloc"}</c> chooses it. Peers show in the
    /// node's status, and what to do with them is the application's business; the overlay's MTU is the external interface's.
    /// </summary>
    /// <remarks>
    /// A node publishes the address of its external interface and looks for collisions, so it has to know the host's network
    /// (<see cref="IHostNetwork"/>). The backends for Linux bring that knowledge along. With this backend alone, call <c>UseLinux()</c> of the
    /// package Flannel.Linux, which asks for <c>CAP_NET_ADMIN</c> as for every backend; or use an implementation of your own by
    /// <c>UseHostNetwork</c>, which runs anywhere and asks for nothing.
    /// </remarks>
    /// <param name="builder">The network.</param>
    public static IFlannelBuilder UseAlloc(this IFlannelBuilder builder) => builder.UseBackend(static (_, _) => new AllocBackend());
}

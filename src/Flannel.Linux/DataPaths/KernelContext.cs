using System.Diagnostics.CodeAnalysis;
using System.Runtime.Versioning;
using Flannel.Linux.Diagnostics;
using Flannel.Netlink.Route;
using Microsoft.Extensions.Logging;

namespace Flannel.Extensibility;

/// <summary>What one address family of a backend works with on its host.</summary>
[SupportedOSPlatform("linux")]
[Experimental(ExperimentalApi.KernelBackends)]
public sealed class KernelContext : IDisposable
{
    /// <summary>Opens a netlink socket in the host's namespace.</summary>
    /// <param name="family">The address family.</param>
    /// <param name="host">The host's kernel; not disposed.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where to log.</param>
    /// <exception cref="Netlink.NetlinkException">The kernel refused the socket.</exception>
    public KernelContext(NetworkFamily family, HostKernel host, TimeProvider time, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(host);
        (Family, Host, Time, Logger) = (family, host, time, logger);
        Netlink = host.OpenNetlink();
        External = new ExternalLink(family, Netlink);
        Devices = new FlannelDevices(Netlink);
        Routes = new PeerRoutes(this);
    }

    /// <summary>The address family.</summary>
    public NetworkFamily Family { get; }

    /// <summary>The host's kernel.</summary>
    public HostKernel Host { get; }

    /// <summary>A netlink socket in the host's namespace.</summary>
    public RouteNetlink Netlink { get; }

    /// <summary>The external interface.</summary>
    public ExternalLink External { get; }

    /// <summary>The devices that backends made.</summary>
    public FlannelDevices Devices { get; }

    /// <summary>The routes to peers' subnets.</summary>
    public PeerRoutes Routes { get; }

    /// <summary>Who has to have let a peer in before a route leads there, if anybody.</summary>
    internal TunnelGuard? Guard { get; set; }

    /// <summary>Guards the tunnel's device, which was made again. Call it before the device is set up.</summary>
    public void GuardNewDevice() => Guard?.Attach();

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; }

    /// <summary>Where to log.</summary>
    public ILogger Logger { get; }

    /// <inheritdoc />
    public void Dispose() => Netlink.Dispose();
}

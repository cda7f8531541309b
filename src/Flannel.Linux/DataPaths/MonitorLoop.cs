using System.Diagnostics.CodeAnalysis;
using System.Runtime.Versioning;
using Flannel.Linux.Diagnostics;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Monitoring;

namespace Flannel.Extensibility;

/// <summary>Listens to what others change in the kernel. A monitor that failed is replaced, and then everything may have changed.</summary>
/// <remarks>Called by one loop at a time.</remarks>
/// <param name="host">The host's kernel.</param>
/// <param name="groups">What to listen to.</param>
/// <param name="own">The socket that writes; its changes are not reported, where the kernel says whose they are.</param>
[SupportedOSPlatform("linux")]
[Experimental(ExperimentalApi.KernelBackends)]
public sealed class MonitorLoop(HostKernel host, RouteMonitorGroups groups, RouteNetlink own) : IDisposable
{
    private RouteMonitor? _monitor;

    /// <summary>Starts to listen. Call it before anything is read, so that no change falls between the two.</summary>
    /// <exception cref="Netlink.NetlinkException">The kernel refused the socket.</exception>
    public void Open() => _monitor = host.OpenMonitor(groups, own);

    /// <summary>Delivers notifications until cancelled.</summary>
    /// <param name="onNotification">Takes each notification; <see cref="Resynchronise"/> says that some were lost.</param>
    /// <param name="cancellationToken">Ends the loop.</param>
    /// <exception cref="Netlink.NetlinkException">The socket failed; call again.</exception>
    public async Task RunAsync(Action<RouteNotification> onNotification, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(onNotification);
        if (_monitor is null)
        {
            Open();
            onNotification(new Resynchronise());
        }

        try
        {
            await foreach (RouteNotification notification in _monitor!.WatchAsync(cancellationToken).ConfigureAwait(false))
                onNotification(notification);
        }
        finally
        {
            Dispose();
        }
    }

    /// <summary>Stops listening. The loop has ended.</summary>
    public void Dispose()
    {
        _monitor?.Dispose();
        _monitor = null;
    }
}

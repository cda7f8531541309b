using System.Runtime.Versioning;
using Flannel.Linux.Namespaces;
using Flannel.Linux.Sysctl;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Monitoring;

namespace Flannel.Backends.Vxlan.DataPath;

/// <summary>The host's network: opens what has to be opened inside its network namespace, and stays valid if the namespace loses its name.</summary>
[SupportedOSPlatform("linux")]
internal sealed class VxlanHost : IDisposable
{
    private readonly NetworkNamespace? _networkNamespace;

    /// <summary>Opens a namespace by name or path; <see langword="null"/> stands for the process's own.</summary>
    public VxlanHost(string? networkNamespace) =>
        _networkNamespace = networkNamespace is null ? null : NetworkNamespace.Open(networkNamespace);

    public RouteNetlink OpenNetlink() => Run(static () => RouteNetlink.Open());

    /// <summary>Listens to what others change.</summary>
    /// <param name="groups">What to listen to.</param>
    /// <param name="own">The socket that writes; its changes are not told.</param>
    public RouteMonitor OpenMonitor(RouteMonitorGroups groups, RouteNetlink own) =>
        Run(() => RouteMonitor.Open(new RouteMonitorOptions { Groups = groups, IgnoredPortId = own.PortId }));

    /// <summary>
    /// Keeps router advertisements off a device: they come from peers' containers, not from a router. A kernel without IPv6 has no such setting,
    /// and a read-only one is not worth failing for.
    /// </summary>
    public void IgnoreRouterAdvertisements(string device) => Run(() => NetworkSysctl.Write($"ipv6/conf/{device}/accept_ra", "0"));

    public void Dispose() => _networkNamespace?.Dispose();

    private T Run<T>(Func<T> function) => _networkNamespace is null ? function() : _networkNamespace.Run(function);
}

using System.Runtime.Versioning;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Monitoring;

namespace Flannel.Extensibility;

/// <summary>
/// The kernel as one host sees it: opens what has to be opened inside the host's network namespace, and stays valid if the namespace loses its name.
/// </summary>
[SupportedOSPlatform("linux")]
public sealed class HostKernel : IDisposable
{
    private readonly string? _name;
    private readonly NetworkNamespace? _networkNamespace;

    /// <summary>Opens a namespace.</summary>
    /// <param name="networkNamespace">Its name or path; <see langword="null"/> stands for the process's own.</param>
    /// <exception cref="NetworkNamespaceException">The namespace does not exist.</exception>
    public HostKernel(string? networkNamespace)
    {
        _name = networkNamespace;
        _networkNamespace = networkNamespace is null ? null : NetworkNamespace.Open(networkNamespace);
    }

    /// <summary>Whether it is another namespace than the process's own.</summary>
    public bool IsNamed => _name is not null;

    /// <summary>Whether the name still leads to the namespace that was opened.</summary>
    /// <returns>What is wrong, or <see langword="null"/>.</returns>
    public string? FindNamespaceProblem()
    {
        if (_name is null || _networkNamespace is null) return null;
        try
        {
            using NetworkNamespace now = NetworkNamespace.Open(_name);
            return now.Identity == _networkNamespace.Identity
                ? null
                : $"The network namespace '{_name}' is another one than the one that the network was started in. Restart the node to move it there.";
        }
        catch (FlannelException)
        {
            return $"The network namespace '{_name}' is gone. Restart the node once it exists again.";
        }
    }

    /// <summary>Opens a socket that reads and writes.</summary>
    /// <exception cref="Netlink.NetlinkException">The kernel refused the socket.</exception>
    public RouteNetlink OpenNetlink() => Run(static () => RouteNetlink.Open());

    /// <summary>Listens to what others change.</summary>
    /// <param name="groups">What to listen to.</param>
    /// <param name="own">The socket that writes; its changes are not told, where the kernel says whose they are.</param>
    /// <exception cref="Netlink.NetlinkException">The kernel refused the socket.</exception>
    public RouteMonitor OpenMonitor(RouteMonitorGroups groups, RouteNetlink own)
    {
        ArgumentNullException.ThrowIfNull(own);
        return Run(() => RouteMonitor.Open(new RouteMonitorOptions { Groups = groups, IgnoredPortId = own.PortId }));
    }

    /// <summary>Writes a network setting.</summary>
    /// <param name="path">The setting, such as <c>ipv6/conf/flannel.1/accept_ra</c>; see <see cref="NetworkSysctl"/>.</param>
    /// <param name="value">What to write.</param>
    /// <returns>What came of it. A setting that is missing or read-only is no exception.</returns>
    public SysctlResult WriteSysctl(string path, string value) => Run(() => NetworkSysctl.Write(path, value));

    /// <summary>Runs a function in the host's network namespace, where it opens what belongs there (a socket, a TUN device).</summary>
    /// <param name="function">May run on another thread, and must not start any.</param>
    /// <typeparam name="T">The type of its result.</typeparam>
    public T Run<T>(Func<T> function) => _networkNamespace is null ? Invoke(function) : _networkNamespace.Run(function);

    /// <inheritdoc />
    public void Dispose() => _networkNamespace?.Dispose();

    private static T Invoke<T>(Func<T> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        return function();
    }
}

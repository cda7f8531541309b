using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Flannel.Linux.Interop;
using Flannel.Linux.Namespaces;
using Flannel.Netlink;
using Flannel.Netlink.Route;
using Microsoft.Win32.SafeHandles;

namespace Flannel.Extensibility;

/// <summary>
/// A network namespace, held by a file descriptor: it lives at least as long as this object, and ends with it if no name, process or mount is left.
/// </summary>
/// <remarks>
/// A socket belongs for life to the namespace it was opened in, so a program that works in many namespaces opens each socket inside
/// (<c>using var netlink = host.Run(() =&gt; RouteNetlink.Open())</c>) and uses it from anywhere.
/// Thread-safe. Needs <c>CAP_SYS_ADMIN</c> to create, enter and delete namespaces; <c>unshare -Urnm</c> gives it to ordinary users.
/// </remarks>
[SupportedOSPlatform("linux")]
public sealed partial class NetworkNamespace : IDisposable
{
    private readonly SafeFileHandle _handle;

    private NetworkNamespace(SafeFileHandle handle, string? path)
    {
        _handle = handle;
        Path = path;
    }

    /// <summary>The file it was opened from, such as <c>/run/netns/blue</c>; <see langword="null"/> if it has none.</summary>
    public string? Path { get; }

    /// <summary>The name as <c>ip netns</c> shows it, or <see langword="null"/> if it was opened from another place or has none.</summary>
    public string? Name => Path is not null && System.IO.Path.GetDirectoryName(Path) == Directory ? System.IO.Path.GetFileName(Path) : null;

    /// <summary>
    /// The descriptor, close-on-exec, for requests that take a namespace (<c>IFLA_NET_NS_FD</c>). Owned by this object: do not dispose it.
    /// </summary>
    public SafeFileHandle Handle => _handle;

    /// <summary>What tells two namespaces apart, such as <c>net:[4026531840]</c>.</summary>
    internal string? Identity => new FileInfo($"/proc/self/fd/{_handle.DangerousGetHandle()}").LinkTarget;

    /// <summary>Opens an existing namespace.</summary>
    /// <param name="nameOrPath">
    /// A name, which stands for <c>/run/netns/&lt;name&gt;</c>, or, if it contains a slash, a path such as <c>/proc/123/ns/net</c>.
    /// </param>
    /// <exception cref="NetworkNamespaceException">There is no such namespace; the message lists the existing ones.</exception>
    /// <exception cref="MissingCapabilityException">The file may not be opened.</exception>
    public static NetworkNamespace Open(string nameOrPath)
    {
        string path = PathOf(nameOrPath);
        SafeFileHandle handle = OpenFile(path, out int errno);
        if (handle.IsInvalid)
        {
            handle.Dispose();
            if (errno is not (LinuxErrno.EACCES or LinuxErrno.EPERM))
                throw NotFound(nameOrPath, path, errno);

            string operation = $"Opening the network namespace '{nameOrPath}' ({path})"; // another user's process, below /proc
            throw new MissingCapabilityException("CAP_SYS_PTRACE", operation, LinuxErrno.ToException(errno));
        }

        if (LinuxNsfs.ioctl(handle, LinuxNsfs.NS_GET_NSTYPE, 0) != LinuxSched.CLONE_NEWNET)
        {
            handle.Dispose();
            throw new NetworkNamespaceException(
                nameOrPath,
                $"'{nameOrPath}' ({path}) is not a network namespace: the file exists, but nothing of that kind is mounted there. " +
                $"If it is the remains of one, remove it (ip netns del {nameOrPath}). {DescribeExisting()}");
        }

        return new NetworkNamespace(handle, path);
    }

    /// <summary>Opens the namespace that the calling thread is in.</summary>
    public static NetworkNamespace OpenCurrent()
    {
        SafeFileHandle handle = OpenFile(CurrentThreadPath, out int errno);
        if (!handle.IsInvalid)
            return new NetworkNamespace(handle, path: null);

        handle.Dispose();
        throw new NetworkNamespaceException(
            CurrentThreadPath,
            $"The thread's own network namespace cannot be opened at {CurrentThreadPath}. Is /proc mounted?",
            LinuxErrno.ToException(errno));
    }

    /// <summary>Creates a namespace without a name. It ends when this object is disposed and no process is left in it.</summary>
    /// <exception cref="MissingCapabilityException">The process lacks <c>CAP_SYS_ADMIN</c>.</exception>
    public static NetworkNamespace CreateAnonymous() => NamespaceThread.Run(static () =>
    {
        UnshareCurrentThread("a network namespace");
        return OpenCurrent();
    });

    /// <summary>Opens rtnetlink in a namespace given by name or path, or in the process's own. It may be used from any thread.</summary>
    /// <param name="nameOrPath">As for <see cref="Open"/>; <see langword="null"/> for the namespace of the calling thread.</param>
    /// <param name="options">Timeout and buffer; <see langword="null"/> for the defaults.</param>
    /// <exception cref="NetworkNamespaceException">There is no such namespace; the message lists the existing ones.</exception>
    /// <exception cref="MissingCapabilityException">The process lacks <c>CAP_SYS_ADMIN</c> in the namespace.</exception>
    /// <exception cref="NetlinkException">The kernel refused the socket.</exception>
    public static RouteNetlink OpenRouteNetlink(string? nameOrPath, NetlinkSocketOptions? options = null) =>
        Run(nameOrPath, () => RouteNetlink.Open(options));

    /// <summary>Runs a function inside a namespace given by name or path, or in the process's own.</summary>
    /// <param name="nameOrPath">As for <see cref="Open"/>; <see langword="null"/> calls the function at once on the calling thread.</param>
    /// <param name="function">What to run; see <see cref="Run{T}(Func{T})"/>.</param>
    /// <exception cref="NetworkNamespaceException">There is no such namespace; the message lists the existing ones.</exception>
    /// <exception cref="MissingCapabilityException">The process lacks <c>CAP_SYS_ADMIN</c> in the namespace.</exception>
    public static T Run<T>(string? nameOrPath, Func<T> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        if (nameOrPath is null)
            return function();

        using NetworkNamespace networkNamespace = Open(nameOrPath);
        return networkNamespace.Run(function);
    }

    /// <summary>Runs an action inside a namespace given by name or path, or in the process's own.</summary>
    /// <param name="nameOrPath">As for <see cref="Open"/>; <see langword="null"/> calls the action at once on the calling thread.</param>
    /// <param name="action">What to run; see <see cref="Run{T}(Func{T})"/>.</param>
    /// <exception cref="NetworkNamespaceException">There is no such namespace; the message lists the existing ones.</exception>
    /// <exception cref="MissingCapabilityException">The process lacks <c>CAP_SYS_ADMIN</c> in the namespace.</exception>
    public static void Run(string? nameOrPath, Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        Run(nameOrPath, () =>
        {
            action();
            return true;
        });
    }

    /// <summary>
    /// Runs a function inside the namespace, on a separate thread that ends with it, and returns its result or throws its exception.
    /// </summary>
    /// <remarks>
    /// Made for opening sockets and for short synchronous work. The kernel starts a thread in the namespace of its creator, so a function that
    /// starts tasks, timers or threads may leave part of the process's thread pool inside: start those outside, on the socket that this returns.
    /// For the same reason a function that returns a task is refused.
    /// </remarks>
    /// <param name="function">What to run.</param>
    /// <typeparam name="T">The result.</typeparam>
    /// <exception cref="ArgumentException">The function returns a task: only the part up to its first await would run inside.</exception>
    /// <exception cref="MissingCapabilityException">The process lacks <c>CAP_SYS_ADMIN</c> in the namespace.</exception>
    /// <exception cref="ObjectDisposedException">This object is disposed.</exception>
    public T Run<T>(Func<T> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        if (typeof(Task).IsAssignableFrom(typeof(T)))
        {
            throw new ArgumentException(
                "The function returns a task, of which only the part up to the first await would run inside the namespace. " +
                "Open the socket inside with a synchronous function, and await outside.",
                nameof(function));
        }

        return NamespaceThread.Run(() =>
        {
            Enter();
            return function();
        });
    }

    /// <summary>Runs an action inside the namespace; see <see cref="Run{T}(Func{T})"/>.</summary>
    /// <param name="action">What to run.</param>
    /// <exception cref="MissingCapabilityException">The process lacks <c>CAP_SYS_ADMIN</c> in the namespace.</exception>
    /// <exception cref="ObjectDisposedException">This object is disposed.</exception>
    public void Run(Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        Run(() =>
        {
            action();
            return true;
        });
    }

    /// <summary>Closes the descriptor. A namespace with a name stays until <see cref="Delete"/>.</summary>
    public void Dispose() => _handle.Dispose();

    /// <summary>The name or path.</summary>
    public override string ToString() => Name ?? Path ?? "(anonymous)";

    private static SafeFileHandle OpenFile(string path, out int errno)
    {
        while (true)
        {
            // It may be a pipe, which must not be waited for.
            SafeFileHandle handle = LinuxFcntl.open(path, LinuxFcntl.O_RDONLY | LinuxFcntl.O_NONBLOCK | LinuxFcntl.O_CLOEXEC, 0);
            errno = handle.IsInvalid ? Marshal.GetLastPInvokeError() : 0;
            if (errno != LinuxErrno.EINTR)
                return handle;
        }
    }

    private void Enter()
    {
        if (LinuxSched.setns(_handle, LinuxSched.CLONE_NEWNET) == 0)
            return;

        int errno = Marshal.GetLastPInvokeError();
        throw errno == LinuxErrno.EPERM
            ? new MissingCapabilityException("CAP_SYS_ADMIN", $"Entering the network namespace '{this}'", LinuxErrno.ToException(errno))
            : new NetworkNamespaceException(ToString(), $"The network namespace '{this}' cannot be entered.", LinuxErrno.ToException(errno));
    }
}

using System.Runtime.InteropServices;
using Flannel.Linux.Interop;
using Flannel.Linux.Namespaces;
using Microsoft.Win32.SafeHandles;

namespace Flannel.Extensibility;

/// <content>Namespaces with names: files below /run/netns, each the mount point of a namespace, exactly as ip-netns(8) keeps them.</content>
public sealed partial class NetworkNamespace
{
    private const string Directory = "/run/netns";
    private const string CurrentThreadPath = "/proc/thread-self/ns/net";
    private const int ListedAtMost = 20;

    /// <summary>Creates a namespace with a name, as <c>ip netns add</c> does. It stays until <see cref="Delete"/>.</summary>
    /// <param name="name">A file name, 1 to 255 bytes, without a slash.</param>
    /// <exception cref="NetworkNamespaceException">The name is taken or no file name, or <c>/run/netns</c> cannot be prepared.</exception>
    /// <exception cref="MissingCapabilityException">The process lacks <c>CAP_SYS_ADMIN</c>.</exception>
    public static NetworkNamespace Create(string name)
    {
        string path = PathOfName(name);
        PrepareDirectory(name);
        CreateMountPoint(name, path);
        try
        {
            NamespaceThread.Run(() =>
            {
                UnshareCurrentThread($"the network namespace '{name}'");
                if (LinuxMount.mount(CurrentThreadPath, path, "none", LinuxMount.MS_BIND) != 0)
                    throw Refused(name, $"Mounting the network namespace '{name}' on {path}", Marshal.GetLastPInvokeError());
                return true;
            });
            return Open(name);
        }
        catch
        {
            _ = LinuxMount.umount2(path, LinuxMount.MNT_DETACH);
            File.Delete(path);
            throw;
        }
    }

    /// <summary>Removes the name, as <c>ip netns del</c> does. The namespace itself ends when nothing uses it any more.</summary>
    /// <param name="name">The name.</param>
    /// <exception cref="NetworkNamespaceException">There is no such namespace; the message lists the existing ones.</exception>
    /// <exception cref="MissingCapabilityException">The process lacks <c>CAP_SYS_ADMIN</c>.</exception>
    public static void Delete(string name)
    {
        string path = PathOfName(name);
        if (!File.Exists(path))
            throw NotFound(name, path, LinuxErrno.ENOENT);

        // EINVAL: nothing is mounted there any more, only the file is left.
        if (LinuxMount.umount2(path, LinuxMount.MNT_DETACH) != 0 && Marshal.GetLastPInvokeError() is var errno and not LinuxErrno.EINVAL)
            throw Refused(name, $"Unmounting the network namespace '{name}' from {path}", errno);

        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new NetworkNamespaceException(
                name, $"The network namespace '{name}' is unmounted, but its file {path} cannot be removed.", exception);
        }
    }

    /// <summary>The names of all namespaces, sorted, as <c>ip netns list</c> shows them. Empty if there are none.</summary>
    public static IReadOnlyList<string> List()
    {
        try
        {
            IEnumerable<string> paths = System.IO.Directory.EnumerateFileSystemEntries(Directory);
            return [.. paths.Select(static path => System.IO.Path.GetFileName(path)).Order(StringComparer.Ordinal)];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }

    private static string PathOf(string nameOrPath)
    {
        ArgumentException.ThrowIfNullOrEmpty(nameOrPath);
        return nameOrPath.Contains('/', StringComparison.Ordinal) ? System.IO.Path.GetFullPath(nameOrPath) : PathOfName(nameOrPath);
    }

    private static string PathOfName(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return name is "." or ".." || name.AsSpan().ContainsAny('/', '\0')
            ? throw new NetworkNamespaceException(name, $"'{name}' cannot name a network namespace: it must be a plain file name.")
            : System.IO.Path.Combine(Directory, name);
    }

    private static NetworkNamespaceException NotFound(string nameOrPath, string path, int errno) => new(
        nameOrPath,
        $"The network namespace '{nameOrPath}' does not exist ({path}). {DescribeExisting()} Create it first (ip netns add), or correct the name.",
        LinuxErrno.ToException(errno));

    private static string DescribeExisting()
    {
        IReadOnlyList<string> names = List();
        return names.Count switch
        {
            0 => $"There are none in {Directory}.",
            <= ListedAtMost => $"{Directory} has: {string.Join(", ", names)}.",
            _ => $"{Directory} has: {string.Join(", ", names.Take(ListedAtMost))} and {names.Count - ListedAtMost} more.",
        };
    }

    private static void UnshareCurrentThread(string what)
    {
        if (LinuxSched.unshare(LinuxSched.CLONE_NEWNET) != 0)
            throw Refused(what, $"Creating {what}", Marshal.GetLastPInvokeError());
    }

    private static FlannelException Refused(string name, string operation, int errno) => errno is LinuxErrno.EPERM or LinuxErrno.EACCES
        ? new MissingCapabilityException("CAP_SYS_ADMIN", operation, LinuxErrno.ToException(errno))
        : new NetworkNamespaceException(name, $"{operation} failed: {LinuxErrno.ToException(errno).Message}.", LinuxErrno.ToException(errno));

    // The mount must be shared, else a namespace that is deleted here stays mounted, and so alive, in every mount namespace copied from this one.
    private static void PrepareDirectory(string name)
    {
        try
        {
            const UnixFileMode ForAll =
                UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute |
                UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
            System.IO.Directory.CreateDirectory(Directory, ForAll | UnixFileMode.UserWrite);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw DirectoryRefused(name, exception);
        }

        // Two that find it unprepared must not both mount it on itself; ip-netns(8) takes the same lock.
        using SafeFileHandle directory = OpenFile(Directory, out _);
        while (LinuxFcntl.flock(directory, LinuxFcntl.LOCK_EX) != 0 && Marshal.GetLastPInvokeError() == LinuxErrno.EINTR)
        {
        }

        string operation = $"Preparing {Directory} for the network namespace '{name}'";
        if (LinuxMount.mount("", Directory, "none", LinuxMount.MS_SHARED | LinuxMount.MS_REC) == 0)
            return;
        if (Marshal.GetLastPInvokeError() is var errno and not LinuxErrno.EINVAL)
            throw Refused(name, operation, errno);

        // EINVAL: not a mount point yet. Mounting it on itself makes it one.
        if (LinuxMount.mount(Directory, Directory, "none", LinuxMount.MS_BIND | LinuxMount.MS_REC) != 0 ||
            LinuxMount.mount("", Directory, "none", LinuxMount.MS_SHARED | LinuxMount.MS_REC) != 0)
        {
            throw Refused(name, operation, Marshal.GetLastPInvokeError());
        }
    }

    private static void CreateMountPoint(string name, string path)
    {
        using SafeFileHandle file =
            LinuxFcntl.open(path, LinuxFcntl.O_RDONLY | LinuxFcntl.O_CREAT | LinuxFcntl.O_EXCL | LinuxFcntl.O_CLOEXEC, 0);
        if (!file.IsInvalid)
            return;

        int errno = Marshal.GetLastPInvokeError();
        throw errno == LinuxErrno.EEXIST
            ? new NetworkNamespaceException(
                name,
                $"The network namespace '{name}' exists already ({path}). Open it, delete it first (ip netns del {name}), or choose another name.",
                LinuxErrno.ToException(errno))
            : DirectoryRefused(name, LinuxErrno.ToException(errno));
    }

    private static NetworkNamespaceException DirectoryRefused(string name, Exception cause) => new(
        name,
        $"The network namespace '{name}' cannot be created, because {Directory} is not writable: {cause.Message.TrimEnd('.')}. " +
        "Run as root, or inside 'unshare -Urnm' with its own tmpfs on /run.",
        cause);
}

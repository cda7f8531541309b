using System.Runtime.InteropServices;
using static Flannel.Backends.Udp.Interop.LinuxPoll;
using static Flannel.Backends.Udp.Interop.LinuxSocket;

namespace Flannel.Backends.Udp.Interop;

/// <summary>
/// The system calls of the data path. Those that run per packet take the bare number: the thread that calls them holds the handle as long as it runs.
/// None may suppress the GC transition, because all can block.
/// </summary>
internal static unsafe partial class Libc
{
    internal const int O_RDWR = 2;
    internal const int O_NONBLOCK = 0x800;
    internal const int O_CLOEXEC = 0x80000;

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial SafeFileDescriptor open(string path, int flags, int mode);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int close(nint fd);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int ioctl(SafeFileDescriptor fd, nuint request, void* argument);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int ioctl(SafeFileDescriptor fd, nuint request, nuint argument);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial SafeFileDescriptor socket(int domain, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int bind(SafeFileDescriptor fd, void* address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setsockopt(SafeFileDescriptor fd, int level, int name, void* value, uint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int getsockopt(SafeFileDescriptor fd, int level, int name, void* value, uint* length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial SafeFileDescriptor eventfd(uint initial, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint write(SafeFileDescriptor fd, ulong* value, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint read(SafeFileDescriptor fd, ulong* value, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint read(int fd, void* buffer, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint writev(int fd, iovec* vectors, int count);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint sendmsg(int fd, msghdr* message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int sendmmsg(int fd, mmsghdr* messages, uint count, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint recvmsg(int fd, msghdr* message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int recvmmsg(int fd, mmsghdr* messages, uint count, int flags, void* timeout);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int poll(pollfd* fds, nuint count, int timeoutMilliseconds);

    [LibraryImport("libc")]
    internal static partial int sched_yield();
}

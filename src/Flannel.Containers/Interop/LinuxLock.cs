using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Flannel.Containers.Interop;

/// <summary>sys/file.h and fcntl.h.</summary>
internal static partial class LinuxLock
{
    internal const int LOCK_EX = 2;
    internal const int LOCK_NB = 4;
    internal const int LOCK_UN = 8;
    internal const int EINTR = 4;
    internal const int EWOULDBLOCK = 11;

    internal const int O_RDWR = 2;
    internal const int O_CREAT = 0x40;
    internal const int O_CLOEXEC = 0x80000;
    internal const int O_PATH = 0x200000;

    /// <summary>
    /// Variadic in C; on 64-bit Linux its integers travel in the same registers either way. .NET's own way to open files takes a lock, which would
    /// fail.
    /// </summary>
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial SafeFileHandle open(string path, int flags, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int flock(SafeFileHandle fd, int operation);
}

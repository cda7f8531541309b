using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Flannel.Linux.Interop;

/// <summary>fcntl.h and sys/file.h.</summary>
internal static partial class LinuxFcntl
{
    internal const int O_RDONLY = 0;
    internal const int O_CREAT = 0x40;
    internal const int O_EXCL = 0x80;
    internal const int O_NONBLOCK = 0x800;
    internal const int O_CLOEXEC = 0x80000;

    internal const int LOCK_EX = 2;

    /// <summary>Variadic in C; on 64-bit Linux its integers travel in the same registers either way.</summary>
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial SafeFileHandle open(string path, int flags, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int flock(SafeFileHandle fd, int operation);
}

using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Flannel.Containers.Interop;

/// <summary>sys/file.h.</summary>
internal static partial class LinuxLock
{
    internal const int LOCK_EX = 2;
    internal const int LOCK_NB = 4;
    internal const int LOCK_UN = 8;
    internal const int EINTR = 4;
    internal const int EWOULDBLOCK = 11;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int flock(SafeFileHandle fd, int operation);
}

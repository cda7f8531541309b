using System.ComponentModel;

namespace Flannel.Linux.Interop;

/// <summary>asm-generic/errno-base.h: the numbers are the same on x86-64 and arm64.</summary>
internal static class LinuxErrno
{
    internal const int EPERM = 1;
    internal const int ENOENT = 2;
    internal const int EINTR = 4;
    internal const int EACCES = 13;
    internal const int EEXIST = 17;
    internal const int EINVAL = 22;
    internal const int ENOTTY = 25;
    internal const int EROFS = 30;

    /// <summary>The system's words for an error number, as the cause of one of our exceptions.</summary>
    internal static Win32Exception ToException(int errno) => new(errno);
}

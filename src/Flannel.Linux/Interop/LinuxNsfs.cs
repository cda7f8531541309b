using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Flannel.Linux.Interop;

/// <summary>linux/nsfs.h (ioctl_ns(2)).</summary>
internal static partial class LinuxNsfs
{
    /// <summary>#define NS_GET_USERNS _IO(NSIO, 0x1): a descriptor of the owning user namespace.</summary>
    internal const nuint NS_GET_USERNS = 0xb701;

    /// <summary>#define NS_GET_NSTYPE _IO(NSIO, 0x3): the CLONE_NEW* value of the namespace.</summary>
    internal const nuint NS_GET_NSTYPE = 0xb703;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int ioctl(SafeFileHandle fd, nuint request, nint argument);
}

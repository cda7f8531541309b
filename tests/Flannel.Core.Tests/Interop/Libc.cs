using System.Runtime.InteropServices;

namespace Flannel.Core.Tests.Interop;

internal static partial class Libc
{
    [LibraryImport("libc")]
    public static partial uint umask(uint mask);
}

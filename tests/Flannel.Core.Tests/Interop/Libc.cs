using System.Runtime.InteropServices;

namespace Flannel.Core.Tests.Interop;

internal static partial class Libc
{
    [LibraryImport("libc")]
    public static partial uint umask(uint mask);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int mkfifo(string path, uint mode);
}

using System.Runtime.InteropServices;

namespace Flannel.Lab.Files;

/// <summary>What somebody puts where a file is expected: reading it waits for a writer, who never comes.</summary>
public static partial class NamedPipe
{
    private const uint Mode600 = 0b110_000_000;

    /// <summary>Makes one.</summary>
    public static string Make(string path)
    {
        if (mkfifo(path, Mode600) != 0) throw new IOException($"{path}: {Marshal.GetLastPInvokeErrorMessage()}");
        return path;
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mkfifo(string path, uint mode);
}

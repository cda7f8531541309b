using System.Runtime.InteropServices;
using Flannel.Cni.Interop;
using Microsoft.Win32.SafeHandles;

namespace Flannel.Cni;

/// <summary>Files that somebody else may have made: configurations, results, what a daemon tells its plugin.</summary>
public static class CniFile
{
    /// <summary>Reads a regular file. It does not wait for anybody, whatever lies at the path: opening a pipe would wait for its writer.</summary>
    /// <param name="path">The file; links are followed.</param>
    /// <param name="maxBytes">How long anything sensible is.</param>
    /// <returns>Its content.</returns>
    /// <exception cref="FileNotFoundException">There is nothing at the path.</exception>
    /// <exception cref="IOException">It is no regular file, too long, or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The process may not read it.</exception>
    public static byte[] Read(string path, int maxBytes) => ReadWithMode(path, maxBytes).Content;

    internal static (byte[] Content, UnixFileMode Mode) ReadWithMode(string path, int maxBytes)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentOutOfRangeException.ThrowIfNegative(maxBytes);
        if (Directory.Exists(path)) throw new IOException($"{path} is a folder");
        int number = Libc.open(path, Libc.O_RDONLY | Libc.O_NONBLOCK | Libc.O_CLOEXEC);
        if (number < 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            string problem = $"{path}: {Marshal.GetPInvokeErrorMessage(errno)}";
            throw errno == Libc.ENOENT ? new FileNotFoundException(problem, path) : new IOException(problem);
        }

        using var handle = new SafeFileHandle(number, ownsHandle: true);
        using var file = new FileStream(handle, FileAccess.Read, bufferSize: 0);
        if (!file.CanSeek) throw new IOException($"{path} is a pipe, a device or a socket, not a regular file");
        byte[] content = new byte[(int)Math.Min(file.Length, maxBytes) + 1];
        int length = file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
        if (length > file.Length && length <= maxBytes) throw new IOException($"{path} is no regular file, or grows while it is read");
        if (length > maxBytes) throw new IOException($"{path} has more than {maxBytes} bytes");
        return (content[..length], OperatingSystem.IsWindows() ? UnixFileMode.None : File.GetUnixFileMode(handle));
    }
}

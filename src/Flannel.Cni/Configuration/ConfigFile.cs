using System.Runtime.InteropServices;
using Flannel.Cni.Interop;
using Microsoft.Win32.SafeHandles;

namespace Flannel.Cni.Configuration;

/// <summary>
/// Files of configurations: opened without waiting for anybody, whatever lies at their path, and never larger than anything sensible.
/// </summary>
internal static class ConfigFile
{
    /// <summary>What a ConfigMap can hold.</summary>
    public const int MaxBytes = 1024 * 1024;

    /// <exception cref="IOException">It is no regular file, too large, or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The process may not read it.</exception>
    public static (byte[] Content, UnixFileMode Mode) ReadWithMode(string path)
    {
        if (Directory.Exists(path)) throw new IOException($"{path} is a folder");
        // O_NONBLOCK: opening a pipe would wait for its writer.
        int number = Libc.open(path, Libc.O_RDONLY | Libc.O_NONBLOCK | Libc.O_CLOEXEC);
        if (number < 0) throw new IOException($"{path}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
        using var handle = new SafeFileHandle(number, ownsHandle: true);
        using var file = new FileStream(handle, FileAccess.Read, bufferSize: 0);
        if (!file.CanSeek) throw new IOException($"{path} is a pipe, a device or a socket, not a regular file");
        byte[] content = new byte[(int)Math.Min(file.Length, MaxBytes) + 1];
        int length = file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
        if (length > file.Length && length <= MaxBytes) throw new IOException($"{path} is no regular file, or grows while it is read");
        if (length > MaxBytes) throw new IOException($"{path} has more than {MaxBytes} bytes");
        return (content[..length], OperatingSystem.IsWindows() ? UnixFileMode.None : File.GetUnixFileMode(handle));
    }

    /// <exception cref="CniConfigException">It cannot be read.</exception>
    public static byte[] Read(string path)
    {
        try
        {
            return ReadWithMode(path).Content;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CniConfigException(path, $"{exception.Message.TrimEnd('.')}.", CniErrorCode.IoFailure, exception);
        }
    }

    /// <summary>The files of a folder with one of some endings, in the order of their names' bytes.</summary>
    /// <exception cref="CniConfigException">The folder cannot be read.</exception>
    public static IReadOnlyList<string> In(string folder, params string[] endings)
    {
        ArgumentNullException.ThrowIfNull(folder);
        try
        {
            return [.. Directory.EnumerateFiles(folder).Where(path => endings.Contains(Path.GetExtension(path), StringComparer.Ordinal)).Order(StringComparer.Ordinal)];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CniConfigException(folder, $"{exception.Message.TrimEnd('.')}.", CniErrorCode.IoFailure, exception);
        }
    }
}

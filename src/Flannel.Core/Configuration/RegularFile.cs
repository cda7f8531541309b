using Microsoft.Win32.SafeHandles;

namespace Flannel.Extensibility;

/// <summary>
/// Files that somebody names in an option or puts where this library looks: whatever lies there, opening it does not wait for anybody.
/// </summary>
public static class RegularFile
{
    private const string Special = "a pipe, a device or a socket, not a regular file";

    /// <summary>Opens a file to read it.</summary>
    /// <param name="path">The file; links are followed.</param>
    /// <exception cref="IOException">It is no regular file, or cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">The process may not read it, or it is a directory.</exception>
    public static FileStream OpenRead(string path)
    {
        if (Refuse(path) is { } found) throw new IOException($"{path} is {found}; remove it, or name another one.");
        return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
    }

    /// <summary>What lies at a path, if it is neither a regular file nor a directory nor nothing; else <see langword="null"/>.</summary>
    /// <param name="path">The path; links are followed.</param>
    /// <returns>The middle of a sentence: it is …</returns>
    public static string? Refuse(string path)
    {
        // Other things than files have no length, and opening a pipe to read and write does not wait for its other end.
        var named = new FileInfo(path);
        if (OperatingSystem.IsWindows() || !named.Exists) return null;
        try
        {
            FileSystemInfo target = named.ResolveLinkTarget(returnFinalTarget: true) ?? named;
            if (target is not FileInfo { Exists: true, Length: 0 } || path.StartsWith("/proc/", StringComparison.Ordinal)) return null;
            if (target.FullName.StartsWith("/dev/", StringComparison.Ordinal) && !target.FullName.StartsWith("/dev/shm/", StringComparison.Ordinal))
                return Special;
            using SafeFileHandle handle = File.OpenHandle(
                target.FullName, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            using var stream = new FileStream(handle, FileAccess.Read, bufferSize: 0);
            return stream.CanSeek ? null : Special;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "empty or " + Special;
        }
    }
}

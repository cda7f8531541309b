using Flannel.Containers.Interop;
using Microsoft.Win32.SafeHandles;

namespace Flannel.Containers.Devices;

/// <summary>
/// Finds network namespaces by what <c>/proc</c> calls them: those of processes, those with names, and those that this process holds open.
/// </summary>
internal static class NamespaceSearch
{
    private static readonly string[] NamedBy = ["/run/netns", "/run/docker/netns"];

    /// <param name="wanted">For example <c>net:[4026531840]</c>.</param>
    /// <param name="namedBy">Where namespaces have names.</param>
    /// <returns>A path for each that was found.</returns>
    public static Dictionary<string, string> Run(HashSet<string> wanted, IEnumerable<string>? namedBy = null)
    {
        Dictionary<string, string> found = [];
        foreach (string path in Candidates(namedBy ?? NamedBy))
        {
            if (found.Count == wanted.Count) break;
            if (TryRead(path) is { } name && wanted.Contains(name)) found.TryAdd(name, path);
        }

        return found;
    }

    private static IEnumerable<string> Candidates(IEnumerable<string> namedBy) =>
        List("/proc/self/fd")
            .Concat(List("/proc").Where(static path => char.IsAsciiDigit(Path.GetFileName(path)[0])).Select(static path => $"{path}/ns/net"))
            .Concat(namedBy.SelectMany(List));

    private static string? TryRead(string path)
    {
        try
        {
            if (path.StartsWith("/proc/", StringComparison.Ordinal)) return new FileInfo(path).LinkTarget;
            // What else may lie there is not touched by this.
            using SafeFileHandle file = LinuxLock.open(path, LinuxLock.O_PATH | LinuxLock.O_CLOEXEC, 0);
            if (file.IsInvalid) return null;
            return new FileInfo($"/proc/self/fd/{file.DangerousGetHandle()}").LinkTarget is { } target
                && target.StartsWith("net:", StringComparison.Ordinal)
                ? target
                : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null; // the process ended, or is another user's
        }
    }

    private static string[] List(string folder)
    {
        try
        {
            return Directory.GetFileSystemEntries(folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}

using System.Diagnostics;

namespace Flannel.Lab.Leaks;

/// <summary>
/// Compares the process's threads and file descriptors (sockets, namespaces, netlink) before and after. Only for tests that run alone
/// (<c>[CollectionDefinition(DisableParallelization = true)]</c>): other tests open and close files too.
/// </summary>
public sealed class LeakCheck
{
    // The runtime's own threads come and go as it pleases; comm(5) holds 15 characters.
    private static readonly string[] RuntimeThreads =
    [
        ".NET TP", ".NET Tiered", ".NET Sockets", ".NET Timer", ".NET Finalizer", ".NET Sig", ".NET Synch", ".NET EventPipe", ".NET Server GC",
        ".NET BGC", ".NET File",
    ];

    private readonly Dictionary<string, int> _threads = Threads();
    private readonly Dictionary<string, int> _descriptors = Descriptors();

    private LeakCheck()
    {
    }

    /// <summary>Notes what the process has now. Call it after a first round of the work, so that what is made once is not taken for a leak.</summary>
    public static LeakCheck Start() => new();

    /// <summary>Waits until the process has no more threads and descriptors than at the start.</summary>
    /// <param name="deadline">How long to wait; 20 s if not given.</param>
    /// <exception cref="InvalidOperationException">Something stayed; says what.</exception>
    public async Task AssertNoneAsync(TimeSpan? deadline = null)
    {
        TimeSpan limit = deadline ?? TimeSpan.FromSeconds(20);
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            List<string> excess = [.. Excess("thread", _threads, Threads()), .. Excess("descriptor", _descriptors, Descriptors())];
            if (excess.Count == 0)
                return;
            if (Stopwatch.GetElapsedTime(start) > limit)
                throw new InvalidOperationException("Left behind: " + string.Join(", ", excess));

            await Task.Delay(20);
        }
    }

    private static IEnumerable<string> Excess(string what, Dictionary<string, int> before, Dictionary<string, int> now) => now
        .Select(entry => (entry.Key, Count: entry.Value - before.GetValueOrDefault(entry.Key)))
        .Where(static entry => entry.Count > 0)
        .Select(entry => $"{entry.Count} {what}(s) '{entry.Key}'");

    private static Dictionary<string, int> Threads() => Count(
        Directory.EnumerateDirectories("/proc/self/task"),
        static path => File.ReadAllText(path + "/comm").TrimEnd(),
        static name => !RuntimeThreads.Any(name.StartsWith));

    // Sockets and pipes by kind, without their inode numbers.
    private static Dictionary<string, int> Descriptors() => Count(
        Directory.EnumerateFileSystemEntries("/proc/self/fd"),
        static path => new FileInfo(path).LinkTarget is { } target ? target.Split(":[")[0] : "",
        static target => target.Length > 0 && !target.StartsWith("/proc/", StringComparison.Ordinal) &&
                         !target.EndsWith(".dll", StringComparison.Ordinal));

    private static Dictionary<string, int> Count(IEnumerable<string> paths, Func<string, string> name, Func<string, bool> counts)
    {
        Dictionary<string, int> result = [];
        foreach (string path in paths)
        {
            try
            {
                if (name(path) is var key && counts(key))
                    result[key] = result.GetValueOrDefault(key) + 1;
            }
            catch (IOException)
            {
                // it ended while we looked
            }
        }

        return result;
    }
}

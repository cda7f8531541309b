using System.Globalization;
using Flanneld.Interop;

namespace Flanneld.Hosting;

/// <summary>The pages of the program's file that this process has mapped.</summary>
internal static class ProgramPages
{
    private const string Maps = "/proc/self/smaps";

    /// <summary>
    /// Unmaps those that nothing was written to. A start touches nearly the whole file (for each page that it needs the kernel maps the fifteen
    /// around it as well); what is needed from now on comes back from the page cache.
    /// </summary>
    public static unsafe void Release()
    {
        try
        {
            foreach ((nuint start, nuint length) in Find([.. File.ReadLines(Maps)], Environment.ProcessPath))
                _ = Libc.madvise((void*)start, length, Libc.MADV_DONTNEED);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // without /proc they stay
        }
    }

    /// <summary>Finds what may be unmapped: a page that was written to is anonymous, and would be lost (relocated data is read-only, too).</summary>
    /// <param name="smaps">The lines of /proc/PID/smaps (proc_pid_smaps(5)).</param>
    /// <param name="program">The path of the program's file.</param>
    internal static IEnumerable<(nuint Start, nuint Length)> Find(IReadOnlyList<string> smaps, string? program)
    {
        const string PathStart = " /";
        (nuint Start, nuint Length)? mapping = null;
        foreach (string line in smaps)
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words is [var range, ['r', '-', _, 'p'], ..] && range.Split('-') is [var first, var last])
            {
                bool isOurs = line.IndexOf(PathStart, StringComparison.Ordinal) is >= 0 and var at && line[(at + 1)..] == program;
                mapping = isOurs ? (Parse(first), Parse(last) - Parse(first)) : null;
            }
            else if (words is ["Anonymous:", "0", "kB"] && mapping is { } unwritten)
            {
                yield return unwritten;
                mapping = null;
            }
            else if (words is [_, [_, _, _, _], _, _, ..])
            {
                mapping = null;
            }
        }
    }

    private static nuint Parse(string address) => nuint.Parse(address, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}

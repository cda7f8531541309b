using System.Diagnostics;

namespace Flannel.Benchmarks.Labs;

/// <summary>
/// Commands for <c>ip -batch</c> or <c>bridge -batch</c> in a file, written before the clock starts. The clock runs from the start of the program to
/// its end.
/// </summary>
internal sealed class IpBatch : IDisposable
{
    private readonly string _program;
    private readonly string _file;

    /// <summary>Writes the file.</summary>
    /// <param name="program"><c>ip</c> or <c>bridge</c>.</param>
    /// <param name="lines">The commands without the program's name.</param>
    public IpBatch(string program, IEnumerable<string> lines)
    {
        _program = program;
        _file = Path.Combine(Lab.Directory, Guid.NewGuid().ToString("N"));
        File.WriteAllLines(_file, lines);
    }

    /// <summary>Carries the commands out once, without a clock.</summary>
    public static void Run(LabHost host, string program, params string[] lines)
    {
        using var batch = new IpBatch(program, lines);
        batch.Run(host);
    }

    /// <summary>Carries the commands out in a host's namespace.</summary>
    /// <returns>How many milliseconds it took.</returns>
    /// <exception cref="BenchException">A command was refused.</exception>
    public double Run(LabHost host) => host.Namespace.Run(() =>
    {
        // A child starts in the namespace of the thread that starts it. `ip -netns` would remount /sys first, at the reference's expense.
        long start = Stopwatch.GetTimestamp();
        using Process process = Process.Start(_program, ["-batch", _file]);
        process.WaitForExit();
        double milliseconds = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        return process.ExitCode == 0 ? milliseconds : throw new BenchException($"{_program} -batch ended with {process.ExitCode}.");
    });

    public void Dispose() => File.Delete(_file);
}

using System.Diagnostics;

namespace Flannel.Benchmarks.Labs;

/// <summary>A program of the system.</summary>
internal static class Command
{
    /// <summary>Runs a program and returns what it printed.</summary>
    /// <exception cref="BenchException">It failed or is not installed.</exception>
    public static string Read(string program, params string[] arguments)
    {
        using Process process = Start(program, arguments);
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw Failed(process, output);
    }

    /// <summary>Runs a program inside a host's namespace and returns what it printed.</summary>
    /// <exception cref="BenchException">It failed.</exception>
    public static async Task<string> ReadAsync(LabHost host, string program, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        using Process process = Start(host, program, arguments);
        try
        {
            string output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            return process.ExitCode == 0 ? output : throw Failed(process, output);
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
    }

    /// <summary>Starts a program inside a host's namespace.</summary>
    /// <param name="host">The host.</param>
    /// <param name="program">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="keepsErrors">Whether what it says of errors is for the caller, who then has to read it, and not for the terminal.</param>
    public static Process Start(LabHost host, string program, IEnumerable<string> arguments, bool keepsErrors = false) =>
        Start("nsenter", [$"--net={host.Path}", program, .. arguments], keepsErrors);

    /// <summary>Starts a program.</summary>
    public static Process Start(string program, IEnumerable<string> arguments, bool keepsErrors = false)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = keepsErrors };
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            throw new BenchException($"{program} cannot be started: {exception.Message}");
        }
    }

    private static BenchException Failed(Process process, string output) =>
        new($"{process.StartInfo.FileName} {string.Join(' ', process.StartInfo.ArgumentList)} ended with {process.ExitCode}. {output}");
}

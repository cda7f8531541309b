using System.Diagnostics;

namespace Flannel.Lab.Processes;

/// <summary>A command of the .NET SDK, run as from a shell.</summary>
public static class DotnetCommand
{
    // Left by the test platform or by an SDK command around us; they would make the inner command look for its parts in the wrong places.
    private static readonly string[] ForeignVariables = ["MSBUILD", "VSTEST", "COREHOST_", "DOTNET_HOST_PATH", "TESTINGPLATFORM"];

    /// <summary>
    /// Runs a command to its end. Takes seconds, so the calling test is skipped in the fast lane; it must be a <c>[SkippableFact]</c>.
    /// </summary>
    /// <param name="folder">The folder it works in.</param>
    /// <param name="limit">How long it may take.</param>
    /// <param name="arguments">The command and its arguments.</param>
    /// <returns>The exit code, and what it wrote to standard output and then to standard error.</returns>
    /// <exception cref="TimeoutException">It took longer, and was ended.</exception>
    public static async Task<(int ExitCode, string Output)> RunAsync(string folder, TimeSpan limit, params string[] arguments)
    {
        FastLane.LeaveToFullRun();
        using var process = new Process { StartInfo = Start(folder, arguments) };
        using var deadline = new CancellationTokenSource(limit);
        process.Start();
        process.StandardInput.Close();
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(deadline.Token);
            Task<string> error = process.StandardError.ReadToEndAsync(deadline.Token);
            string all = await output + await error;
            await process.WaitForExitAsync(deadline.Token);
            return (process.ExitCode, all);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"dotnet {string.Join(' ', arguments)} did not end within {limit}.");
        }
    }

    private static ProcessStartInfo Start(string folder, string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string name in Environment.GetEnvironmentVariables().Keys.Cast<string>())
        {
            if (ForeignVariables.Any(foreign => name.StartsWith(foreign, StringComparison.OrdinalIgnoreCase)))
                start.Environment.Remove(name);
        }

        // No build server outlives the command.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        start.Environment["UseSharedCompilation"] = "false";
        return start;
    }
}

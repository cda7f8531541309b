using System.Collections;
using System.Diagnostics;
using Flannel.Architecture.Tests.Tree;

namespace Flannel.Architecture.Tests.Sources;

public sealed class FormattingTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(8);

    // Left by the test platform or by an SDK command around us; they would make the inner command look for its parts in the wrong places.
    private static readonly string[] ForeignVariables = ["MSBUILD", "VSTEST", "COREHOST_", "DOTNET_HOST_PATH", "TESTINGPLATFORM"];

    [Fact]
    public async Task Solution_IsInTheHouseStyle()
    {
        using var process = new Process { StartInfo = Format() };
        using var limit = new CancellationTokenSource(Limit);
        process.Start();
        Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token);
        Task<string> error = process.StandardError.ReadToEndAsync(limit.Token);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"dotnet format did not end within {Limit}");
        }

        Assert.True(process.ExitCode == 0, $"Run ./build.sh format. dotnet format says ({process.ExitCode}):\n{await output}{await error}");
    }

    private static ProcessStartInfo Format()
    {
        var start = new ProcessStartInfo("dotnet")
        {
            ArgumentList = { "format", "Flannel.sln", "--verify-no-changes", "--no-restore", "--verbosity", "minimal" },
            WorkingDirectory = SourceTree.Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (string name in Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(variable => (string)variable.Key))
        {
            if (ForeignVariables.Any(foreign => name.StartsWith(foreign, StringComparison.OrdinalIgnoreCase)))
                start.Environment.Remove(name);
        }

        return start;
    }
}

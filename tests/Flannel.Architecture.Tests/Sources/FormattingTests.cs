using Flannel.Architecture.Tests.Tree;
using Flannel.Testing.Processes;

namespace Flannel.Architecture.Tests.Sources;

public sealed class FormattingTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(8);

    [Fact]
    public async Task Solution_IsInTheHouseStyle()
    {
        (int exitCode, string output) = await DotnetCommand.RunAsync(
            SourceTree.Root, Limit, "format", "Flannel.sln", "--verify-no-changes", "--no-restore", "--verbosity", "minimal");

        Assert.True(exitCode == 0, $"Run ./build.sh format. dotnet format says ({exitCode}):\n{output}");
    }
}

using System.Text.RegularExpressions;
using Flannel.Architecture.Tests.Tree;
using Flannel.Lab.Processes;

namespace Flannel.Architecture.Tests.Sources;

/// <summary>What <c>dotnet format</c> would change and the compiler does not refuse. Rules of style are errors of the build.</summary>
public sealed partial class FormattingTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(8);

    [SkippableFact]
    public async Task Files_AreInTheHouseStyle()
    {
        // By folder: loading and analyzing the projects once more would take longer than building them.
        (int exitCode, string output) = await DotnetCommand.RunAsync(
            SourceTree.Root, Limit, "format", "whitespace", ".", "--folder", "--verify-no-changes", "--verbosity", "minimal", "--exclude",
            "**/obj/**", "artifacts/");

        Assert.True(exitCode == 0, $"Run ./build.sh format. dotnet format says ({exitCode}):\n{output}");
    }

    [Fact]
    public void Usings_AreSortedWithSystemFirst()
    {
        foreach (string file in SourceTree.Files("*.cs", "src", "samples", "tests", "bench"))
        {
            string[] names = [.. Using().Matches(File.ReadAllText(file)).Select(match => match.Groups[1].Value)];
            string[] sorted = [.. names.OrderBy(name => name.Split('.')[0] != "System").ThenBy(name => name, StringComparer.OrdinalIgnoreCase)];
            Assert.True(
                names.SequenceEqual(sorted),
                $"{SourceTree.Relative(file)}: run ./build.sh format, which puts using directives in this order: {string.Join(", ", sorted)}");
        }
    }

    [GeneratedRegex(@"^using ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Using();
}

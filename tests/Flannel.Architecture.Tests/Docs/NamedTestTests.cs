using System.Text.RegularExpressions;
using Flannel.Architecture.Tests.Tree;

namespace Flannel.Architecture.Tests.Docs;

/// <summary>Pages that promise something name the tests that show it: each is there.</summary>
public sealed partial class NamedTestTests
{
    private static readonly ILookup<string, string> Tests = SourceTree.Files("*Tests.cs", "tests").ToLookup(
        file => Path.GetFileName(file).Split('.')[0], File.ReadAllText);

    [Theory]
    [InlineData("docs/reliability.md")]
    [InlineData("docs/cni-conformance.md")]
    public void Rows_NameTestsThatExist(string page)
    {
        string[] rows =
            [.. SourceTree.Read(page).Split('\n').Where(line => line.StartsWith("| ", StringComparison.Ordinal) && TestName().IsMatch(line))];
        Assert.True(rows.Length > 20, $"{page} has {rows.Length} rows with tests");
        foreach (Match name in rows.SelectMany(row => TestName().Matches(row)))
        {
            Assert.True(
                Tests[name.Groups[1].Value].Any(text => Regex.IsMatch(text, $@"public (?:async )?(?:Task|void) {name.Groups[2].Value}\(")),
                $"{page} names {name.Value}, which is no test");
        }
    }

    // Every row of the tables of conformance has one; a promise without a test is none.
    [Fact]
    public void Conformance_NamesATestInEveryRow() => Assert.All(
        SourceTree.Read("docs/cni-conformance.md")
            .Split('\n')
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal) && !line.StartsWith("| what ", StringComparison.Ordinal)),
        row => Assert.Matches(TestName(), row));

    [GeneratedRegex(@"`(\w+Tests)\.(\w+)`")]
    private static partial Regex TestName();
}

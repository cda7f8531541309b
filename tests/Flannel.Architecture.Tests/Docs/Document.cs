using System.Text.RegularExpressions;
using Flannel.Architecture.Tests.Tree;

namespace Flannel.Architecture.Tests.Docs;

/// <summary>A Markdown file, taken apart as far as the tests look at it.</summary>
internal sealed partial record Document(string Path, string Text)
{
    /// <summary>Everything that is written for readers.</summary>
    public static IReadOnlyList<Document> All { get; } =
        [.. Directory.EnumerateFiles(SourceTree.Root, "*.md").Order(StringComparer.Ordinal)
            .Concat(SourceTree.Files("*.md", "docs", "src", "samples", "bench"))
            .Select(path => new Document(SourceTree.Relative(path), File.ReadAllText(path)))];

    /// <summary>What stands between single backticks, outside of code blocks.</summary>
    public IEnumerable<string> InlineCode => InlineSpan().Matches(CodeBlock().Replace(Text, "")).Select(match => match.Groups[1].Value);

    /// <summary>The targets of links into the repository.</summary>
    public IEnumerable<string> LocalLinks =>
        Link().Matches(CodeBlock().Replace(Text, ""))
            .Select(match => match.Groups[1].Value)
            .Where(target => !target.Contains("://", StringComparison.Ordinal) && !target.StartsWith('#'));

    /// <summary>The contents of code blocks in one language.</summary>
    public IEnumerable<string> CodeBlocks(string language) =>
        CodeBlock().Matches(Text).Where(match => match.Groups[1].Value == language).Select(match => match.Groups[2].Value);

    // xunit shows a document in a theory by this text.
    public override string ToString() => Path;

    [GeneratedRegex(@"^```(\w*)\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex(@"`([^`]+)`")]
    private static partial Regex InlineSpan();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();
}

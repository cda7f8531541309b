using System.Text.RegularExpressions;
using Flannel.Architecture.Tests.Tree;

namespace Flannel.Architecture.Tests.Docs;

/// <summary>Prose that a test holds: what the documents name exists, what they show compiles.</summary>
public sealed partial class DocumentTests
{
    // Names of others' types and words that look like a type's name.
    private static readonly string[] Foreign =
        [
            "AddMeter",
            "AddSource",
            "HttpClient",
            "IAsyncEnumerable",
            "IMeterFactory",
            "LibraryImport",
            "MapHealthChecks",
            "SafeHandle",
            "SocketsHttpHandler",
        ];

    public static TheoryData<string> Documents => [.. Document.All.Select(document => document.Path)];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Paths_Exist(string path)
    {
        Document document = Find(path);
        IEnumerable<string> named = document.InlineCode.Where(code => RepositoryPath().IsMatch(code))
            .Select(code => code.StartsWith("./", StringComparison.Ordinal) ? code[2..].Split(' ')[0] : code);
        Assert.All(named, name => Assert.True(Exists(SourceTree.Root, name), $"{path} names {name}, which does not exist"));
        string folder = System.IO.Path.GetDirectoryName(SourceTree.PathOf(path))!;
        Assert.All(document.LocalLinks, link => Assert.True(Exists(folder, link.Split('#')[0]), $"{path} links to {link}, which does not exist"));
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public void Names_AreInTheCode(string path)
    {
        IEnumerable<string> names = Find(path).InlineCode
            .Where(code => TypeName().IsMatch(code))
            .SelectMany(code => code.Split('<')[0].Split('.', '('))
            .Where(name => PascalCase().IsMatch(name))
            .Except(Foreign);
        Assert.All(
            names,
            name => Assert.True(Declared.Contains(name) || Projects.Contains(name), $"{path} names `{name}`, which nothing in the code declares"));
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public void Samples_AreRegionsThatCompile(string path)
    {
        foreach (string block in Find(path).CodeBlocks("csharp"))
        {
            Assert.True(
                Samples.Contains(block),
                $"{path} shows C# that is no #region of a test project and no program of one, so nobody knows whether it compiles:\n{block}");
        }
    }

    [Fact]
    public void ReadmeOfTheRepository_ShowsASample() => Assert.NotEmpty(Find("README.md").CodeBlocks("csharp"));

    [Fact]
    public void ReadmesOfPackages_ShowASampleAndNameThePackage()
    {
        foreach (Project package in SourceTree.Packages)
        {
            Document readme = Find(package.Folder + "/README.md");
            Assert.StartsWith("# " + package.Name + "\n", readme.Text, StringComparison.Ordinal);
            Assert.NotEmpty(readme.CodeBlocks("csharp"));
        }
    }

    [Fact]
    public void ReadmesOfRepositoryAndMetapackage_NameEveryLibrary()
    {
        foreach (string path in new[] { "README.md", "src/Flannel/README.md" })
            Assert.All(SourceTree.Libraries, library => Assert.Contains($"`{library.Name}`", Find(path).Text, StringComparison.Ordinal));
    }

    [Fact]
    public void Architecture_NamesEveryProjectAndFolder()
    {
        string text = Find("docs/architecture.md").Text;
        Assert.All(
            SourceTree.AllProjects.Where(project => !project.Name.EndsWith(".Tests", StringComparison.Ordinal)),
            project => Assert.Contains(project.Name, text, StringComparison.Ordinal));
        Assert.All(
            SourceTree.Packages.SelectMany(package => Directory.EnumerateDirectories(SourceTree.PathOf(package.Folder)))
                .Select(folder => System.IO.Path.GetFileName(folder))
                .Where(name => name is not ("bin" or "obj")),
            folder => Assert.Contains(folder, text, StringComparison.Ordinal));
    }

    [Fact]
    public void Decisions_AreNumberedWithoutGaps()
    {
        int[] numbers =
            [.. SourceTree.Files("*.md", "docs/adr").Select(file => int.Parse(System.IO.Path.GetFileName(file).AsSpan(0, 4), provider: null))];
        Assert.Equal(Enumerable.Range(1, numbers.Length), numbers);
    }

    private static readonly HashSet<string> Projects = [.. SourceTree.AllProjects.SelectMany(project => project.Name.Split('.'))];

    private static readonly HashSet<string> Declared =
        [.. SourceTree.Files("*.cs", "src", "samples", "tests", "bench")
            .SelectMany(file => Declaration().Matches(File.ReadAllText(file)).Select(match => match.Groups[1].Value))];

    private static readonly HashSet<string> Samples =
    [
        .. SourceTree.Files("*.cs", "tests")
        .SelectMany(file => Region().Matches(File.ReadAllText(file)).Select(match => Unindented(match.Groups[1].Value))),
        .. SourceTree.Files("Program.cs", "tests").Select(File.ReadAllText),
    ];

    private static Document Find(string path) => Document.All.Single(document => document.Path == path);

    private static bool Exists(string folder, string relative)
    {
        string path = System.IO.Path.Combine(folder, relative);
        return File.Exists(path) || Directory.Exists(path);
    }

    private static string Unindented(string code)
    {
        string[] lines = code.Split('\n');
        int indent = lines.Where(line => line.Trim().Length > 0).Min(line => line.Length - line.TrimStart().Length);
        return string.Join('\n', lines.Select(line => line.Length >= indent ? line[indent..] : ""));
    }

    [GeneratedRegex(
        @"^(?:\./)?(?:(?:src|tests|samples|bench|docs|eng|\.ci)/[\w./-]+|[\w.-]+\.(?:md|sh|sln|props)|nuget\.config|global\.json)(?: .*)?$")]
    private static partial Regex RepositoryPath();

    [GeneratedRegex(@"^[A-Z][\w.]*(?:<[\w, ]+>)?(?:\(.*\))?$")]
    private static partial Regex TypeName();

    // Two humps at least: a single capitalised word is a word.
    [GeneratedRegex(@"^(?:I[A-Z]|[A-Z])[a-z0-9]+(?:[A-Z]+[a-z0-9]*)+$")]
    private static partial Regex PascalCase();

    // A name that is followed by what follows names where they are declared: types, methods, properties, constants, parameters of records, enum
    // members.
    [GeneratedRegex(@"\b([A-Z]\w+)(?=\s*(?:<[\w, ]+>)?\s*(?:[({;:,)=]|$))", RegexOptions.Multiline)]
    private static partial Regex Declaration();

    [GeneratedRegex(@"^ *#region \w+\n(.*?)^ *#endregion", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Region();
}

using System.Text.RegularExpressions;
using Flannel.Architecture.Tests.Tree;

namespace Flannel.Architecture.Tests.Sources;

/// <summary>Where a type lives can be told from its name, and where a file lies says its namespace.</summary>
public sealed partial class LayoutTests
{
    private const int MaxLines = 400;
    private const int MaxFiles = 20;
    private const int MaxColumns = 150;

    // The one folder of a package whose namespace is not its own: extension methods belong where hosts look for them.
    private const string RegistrationFolder = "DependencyInjection";
    private const string RegistrationNamespace = "Microsoft.Extensions.DependencyInjection";

    // What a program names lies in two namespaces, whichever package and folder holds it: one for those who host nodes, one for those who extend
    // Flannel.
    private static readonly string[] PublicNamespaces = ["Flannel", "Flannel.Extensibility"];

    // What is for tests has its own, so that no program meets it by accident; CNI is of use to programs that know nothing of Flannel.
    private static readonly string[] PackagesWithTheirOwnNamespace = ["Flannel.Testing", "Flannel.Cni"];

    // A library of its own, whose words are the kernel's.
    private const string PackageWithItsOwnNamespaces = "Flannel.Netlink";

    private const string RawQuotes = "\"\"\"";

    [Fact]
    public void Namespaces_FollowAssemblyAndFolder()
    {
        foreach (string file in SourceTree.Files("*.cs", "src", "samples", "tests", "bench"))
        {
            string text = File.ReadAllText(file);
            if (Namespace().Match(text) is not { Success: true } declared || (IsOfPublicNamespaces(file) && PublicType().IsMatch(text)))
                continue;
            string[] parts = SourceTree.Relative(file).Split('/')[..^1];
            string expected = parts is ["src", .., RegistrationFolder] ? RegistrationNamespace : string.Join('.', parts[1..]);
            Assert.True(
                expected == declared.Groups[1].Value, $"{SourceTree.Relative(file)}: namespace {declared.Groups[1].Value}, expected {expected}");
        }
    }

    [Fact]
    public void PublicTypes_LieInTwoNamespaces()
    {
        foreach (Type type in SourceTree.Packages.Where(package => package.Name != PackageWithItsOwnNamespaces)
            .SelectMany(package => SourceTree.AssemblyOf(package).GetExportedTypes()))
        {
            string package = type.Assembly.GetName().Name!;
            string[] allowed = PackagesWithTheirOwnNamespace.Contains(package) ? [package] : [.. PublicNamespaces, RegistrationNamespace];
            Assert.True(allowed.Contains(type.Namespace), $"{type} is public; put it into {string.Join(" or ", allowed)}");
        }
    }

    // A closed set of small values (a base and its cases, an entry with its key and kind) reads better in one place than in a file each.
    [Fact]
    public void Files_HoldOneTypeOrOneSetOfValuesNamedAsTheFile()
    {
        foreach (string file in SourceTree.Files("*.cs", "src").Where(file => !IsInterop(file)))
        {
            Match[] declared = [.. TopLevelType().Matches(File.ReadAllText(file)).Cast<Match>()];
            string[] types = [.. declared.Select(match => match.Groups[1].Value).Distinct()];
            bool areValues = declared.All(
                match => match.Value.Contains(" record ", StringComparison.Ordinal) || match.Value.Contains(" enum ", StringComparison.Ordinal));
            Assert.True(
                types.Length <= 1 || areValues,
                $"{SourceTree.Relative(file)} holds {string.Join(", ", types)}: one type per file, or a set of records and enums");
            string expected = Path.GetFileName(file).Split('.')[0];
            Assert.True(
                types.Length == 0 || types.Contains(expected),
                $"{SourceTree.Relative(file)} holds {string.Join(", ", types)}: name the file after its type, with facets of a partial type " +
                "after a dot");
        }
    }

    [Fact]
    public void Files_StayReadable()
    {
        foreach (string file in SourceTree.Files("*.cs", "src", "samples"))
        {
            int lines = File.ReadLines(file).Count();
            Assert.True(lines <= MaxLines, $"{SourceTree.Relative(file)} has {lines} lines; split it by facet at {MaxLines}");
        }
    }

    // What a file or an answer says exactly stands in raw string literals, as it is: cut up, it could be compared with nothing.
    [Fact]
    public void Lines_StayReadable()
    {
        foreach (string file in SourceTree.Files("*.cs", "src", "samples", "tests", "bench"))
        {
            bool isExact = false;
            foreach ((int index, string line) in File.ReadLines(file).Index())
            {
                int quotes = line.Split(RawQuotes).Length - 1;
                Assert.True(
                    line.Length <= MaxColumns || isExact || quotes > 0,
                    $"{SourceTree.Relative(file)}, line {index + 1} has {line.Length} columns; break it at {MaxColumns}");
                if (quotes % 2 == 1) isExact = !isExact;
            }
        }
    }

    [Fact]
    public void Folders_StayReadable()
    {
        foreach (var folder in SourceTree.Files("*.cs", "src")
            .GroupBy(file => Path.GetDirectoryName(SourceTree.Relative(file))))
        {
            Assert.True(folder.Count() <= MaxFiles, $"{folder.Key} holds {folder.Count()} files; split it by noun at {MaxFiles}");
        }
    }

    [Fact]
    public void Folders_AreNamedAfterTheirNoun()
    {
        string[] refused = ["Helpers", "Helper", "Common", "Utils", "Util", "Utilities", "Misc", "Shared"];
        Assert.All(
            SourceTree.Files("*.cs", "src", "samples", "tests", "bench"),
            file => Assert.Empty(SourceTree.Relative(file).Split('/').Intersect(refused)));
    }

    [Fact]
    public void Sources_HoldNothingUnfinished()
    {
        foreach (string file in SourceTree.Files("*.cs", "src", "samples", "bench"))
        {
            Match match = Unfinished().Match(File.ReadAllText(file));
            Assert.False(match.Success, $"{SourceTree.Relative(file)} holds '{match.Value}'");
        }
    }

    [Fact]
    public void NativeCalls_LiveInInteropFolders()
    {
        foreach (string file in SourceTree.Files("*.cs", "src", "samples", "bench").Where(file => !IsInterop(file)))
        {
            Match match = NativeCall().Match(File.ReadAllText(file));
            Assert.False(match.Success, $"{SourceTree.Relative(file)} holds {match.Value}: native calls live in Interop/ folders");
        }
    }

    private static bool IsOfPublicNamespaces(string file) =>
        SourceTree.Relative(file).Split('/') is ["src", var package, var folder, ..] && package.StartsWith("Flannel.", StringComparison.Ordinal)
            && package != PackageWithItsOwnNamespaces && folder != RegistrationFolder;

    private static bool IsInterop(string file) => SourceTree.Relative(file).Contains("/Interop/", StringComparison.Ordinal);

    [GeneratedRegex(@"^public ", RegexOptions.Multiline)]
    private static partial Regex PublicType();

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(
        @"^(?:(?:public|internal|file|static|sealed|abstract|partial|readonly|ref|unsafe|record)\s+)*" +
        @"(?:class|struct|interface|enum|record|delegate\s+\S+)\s+(\w+)",
        RegexOptions.Multiline)]
    private static partial Regex TopLevelType();

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|XXX|NotImplementedException)\b")]
    private static partial Regex Unfinished();

    [GeneratedRegex(@"^\s*\[(?:LibraryImport|DllImport)\b|\bTmds\.Linux\b", RegexOptions.Multiline)]
    private static partial Regex NativeCall();
}

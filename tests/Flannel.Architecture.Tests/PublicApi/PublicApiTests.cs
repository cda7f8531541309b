using Flannel.Architecture.Tests.Tree;

namespace Flannel.Architecture.Tests.PublicApi;

/// <summary>
/// The public surface of each package is approved in a text file next to this test. A change shows up in review as a change of that file. To approve:
/// <c>APPROVE=1 dotnet test tests/Flannel.Architecture.Tests --filter PublicApi</c>.
/// </summary>
public sealed class PublicApiTests
{
    private const string Folder = "tests/Flannel.Architecture.Tests/PublicApi";

    private static readonly bool Approve = Environment.GetEnvironmentVariable("APPROVE") == "1";

    public static TheoryData<string> Libraries => [.. SourceTree.Libraries.Select(library => library.Name)];

    [Theory]
    [MemberData(nameof(Libraries))]
    public void PublicApi_IsApproved(string package)
    {
        string path = SourceTree.PathOf($"{Folder}/{package}.txt");
        string actual = ApiText.Of(SourceTree.AssemblyOf(SourceTree.Libraries.Single(project => project.Name == package)));
        if (Approve)
            File.WriteAllText(path, actual);

        string approved = File.Exists(path) ? File.ReadAllText(path) : "";
        if (approved != actual)
            Assert.Fail($"The public API of {package} differs from {SourceTree.Relative(path)}. If that is intended, run with APPROVE=1.\n{Difference(approved, actual)}");
    }

    [Fact]
    public void ApprovedFiles_AreAllOfAPackage()
    {
        IEnumerable<string> files = Directory.EnumerateFiles(SourceTree.PathOf(Folder), "*.txt").Select(file => Path.GetFileNameWithoutExtension(file)!);
        Assert.Equal(SourceTree.Libraries.Select(library => library.Name).Order(StringComparer.Ordinal), files.Order(StringComparer.Ordinal));
    }

    // Each line carries the type it belongs to, so that the same member of two types is not the same line.
    private static string Difference(string approved, string actual)
    {
        string[] before = Lines(approved);
        string[] after = Lines(actual);
        return string.Join('\n', before.Except(after).Select(line => "- " + line).Concat(after.Except(before).Select(line => "+ " + line)));
    }

    private static string[] Lines(string text)
    {
        string owner = "";
        var lines = new List<string>();
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            bool isMember = line.StartsWith(' ');
            lines.Add(isMember ? $"{owner} | {line.Trim()}" : line);
            owner = isMember ? owner : line;
        }

        return [.. lines];
    }
}

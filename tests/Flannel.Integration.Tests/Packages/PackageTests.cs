using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Flannel.Integration.Tests.Tree;

namespace Flannel.Integration.Tests.Packages;

/// <summary>What <c>./build.sh pack</c> makes, opened and looked at.</summary>
[Collection(PackageFeed.Collection)]
public sealed partial class PackageTests(PackageFeed feed)
{
    private const string Metapackage = "Flannel";

    public static TheoryData<string> Packages => [.. PackageFeed.Names];

    public static TheoryData<string> Libraries => [.. PackageFeed.Names.Where(name => name != Metapackage)];

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Library_HoldsOneAssemblyWithItsDocumentationAndNothingElse(string name)
    {
        using PackageFile package = feed.Open(name);

        Assert.Equal([$"{name}.nuspec", "LICENSE", "README.md", $"lib/net10.0/{name}.dll", $"lib/net10.0/{name}.xml"], package.Files);
        Assert.NotEmpty(XDocument.Parse(package.Text($"lib/net10.0/{name}.xml")).Descendants("summary"));
    }

    [Fact]
    public void Metapackage_HoldsNoCode()
    {
        using PackageFile package = feed.Open(Metapackage);

        Assert.Equal(["Flannel.nuspec", "LICENSE", "README.md", "lib/net10.0/_._"], package.Files);
        Assert.False(File.Exists(Path.Combine(feed.Folder, $"{Metapackage}.{feed.Version}.snupkg")));
    }

    [Theory]
    [MemberData(nameof(Packages))]
    public void Package_DependsOnWhatItsNamePromises(string name)
    {
        using PackageFile package = feed.Open(name);

        Assert.Equal(Promised(name).Order(StringComparer.Ordinal), package.Dependencies.Keys.Order(StringComparer.Ordinal));
        Assert.All(package.Dependencies, dependency => Assert.Equal(PackageFeed.Names.Contains(dependency.Key), dependency.Value == feed.Version));
    }

    [Theory]
    [MemberData(nameof(Packages))]
    public void Package_DescribesItself(string name)
    {
        using PackageFile package = feed.Open(name);

        Assert.Equal(name, package.Value("id"));
        Assert.Equal("Apache-2.0", package.Value("license"));
        Assert.Equal("expression", package.Attribute("license", "type"));
        Assert.Equal(File.ReadAllText(Repository.PathOf("LICENSE")), package.Text("LICENSE"));
        Assert.Equal("README.md", package.Value("readme"));
        Assert.StartsWith($"# {name}\n", package.Text("README.md"), StringComparison.Ordinal);
        Assert.All(["authors", "description", "tags", "copyright"], element => Assert.NotEmpty(package.Value(element)!));
        Assert.Contains("overlay", package.Value("tags")!.Split(' '));
    }

    [Theory]
    [MemberData(nameof(Packages))]
    public void Package_TellsWhatIsNewInItsVersion(string name)
    {
        using PackageFile package = feed.Open(name);
        string newest = File.ReadAllText(Repository.PathOf("CHANGELOG.md")).Split("\n## [")[1];

        Assert.Equal(newest[(newest.IndexOf('\n', StringComparison.Ordinal) + 1)..].Trim(), package.Value("releaseNotes")!.ReplaceLineEndings("\n"));
        Assert.InRange(package.Value("releaseNotes")!.Length, 1, 35_000); // what nuget.org takes
    }

    [Theory]
    [MemberData(nameof(Packages))]
    public void Readme_NamesNoFileThatIsNotInThePackage(string name)
    {
        using PackageFile package = feed.Open(name);
        string readme = package.Text("README.md");

        Assert.All(
            Links().Matches(readme).Select(link => link.Groups[1].Value),
            link => Assert.True(link.StartsWith("https://", StringComparison.Ordinal) || package.Files.Contains(link), link));
        Assert.All(Files().Matches(readme).Select(file => file.Groups[1].Value), file => Assert.Contains(file, package.Files));
    }

    [Theory]
    [MemberData(nameof(Packages))]
    public void Addresses_AreNoneOrPublic(string name)
    {
        using PackageFile package = feed.Open(name);

        Assert.All(["projectUrl", "iconUrl"], element => Assert.Matches("^(https://.+)?$", package.Value(element) ?? ""));
    }

    [SkippableTheory]
    [MemberData(nameof(Packages))]
    public void Package_OfAClone_NamesItsCommit(string name)
    {
        Skip.IfNot(Path.Exists(Repository.PathOf(".git")), "sources without their history know no commit");
        using PackageFile package = feed.Open(name);

        Assert.Equal("git", package.Attribute("repository", "type"));
        Assert.Matches("^[0-9a-f]{40}$", package.Attribute("repository", "commit"));
        Assert.Matches("^((https?|ssh)://.+)?$", package.Attribute("repository", "url") ?? ""); // none without a remote, and never a folder
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Symbols_AreThoseOfTheAssembly(string name)
    {
        using PackageFile package = feed.Open(name);
        using PackageFile symbols = feed.OpenSymbols(name);
        Assert.Equal([$"{name}.nuspec", $"lib/net10.0/{name}.pdb"], symbols.Files);

        using var assembly = new PEReader(package.Bytes($"lib/net10.0/{name}.dll"));
        DebugDirectoryEntry entry = assembly.ReadDebugDirectory().Single(entry => entry.Type == DebugDirectoryEntryType.CodeView);
        using MetadataReaderProvider pdb = MetadataReaderProvider.FromPortablePdbStream(symbols.Bytes($"lib/net10.0/{name}.pdb"));
        var id = new BlobContentId(pdb.GetMetadataReader().DebugMetadataHeader!.Id);
        Assert.Equal((assembly.ReadCodeViewDebugDirectoryData(entry).Guid, entry.Stamp), (id.Guid, id.Stamp));
    }

    [SkippableTheory]
    [MemberData(nameof(Libraries))]
    public void Release_NamesNoFolderOfThisMachine(string name)
    {
        Skip.IfNot(Repository.Configuration == "Release", "debuggers look for the paths in debug builds");
        Skip.IfNot(Path.Exists(Repository.PathOf(".git")), "without a repository there is no root that the compiler could replace");
        using PackageFile package = feed.Open(name);
        using PackageFile symbols = feed.OpenSymbols(name);
        string assembly = Encoding.UTF8.GetString(package.Bytes($"lib/net10.0/{name}.dll").ToArray());
        Assert.DoesNotContain(Repository.Root, assembly, StringComparison.Ordinal);
        using MetadataReaderProvider pdb = MetadataReaderProvider.FromPortablePdbStream(symbols.Bytes($"lib/net10.0/{name}.pdb"));
        MetadataReader reader = pdb.GetMetadataReader();
        Assert.All(
            reader.Documents, document => Assert.StartsWith("/_", reader.GetString(reader.GetDocument(document).Name), StringComparison.Ordinal));
    }

    [Fact]
    public async Task PackingTwice_GivesTheSameBytes()
    {
        DirectoryInfo again = Directory.CreateTempSubdirectory("flannel-packages-again-");
        try
        {
            await feed.PackAsync(again.FullName);

            string[] files = [.. Directory.EnumerateFiles(feed.Folder).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];
            Assert.Equal(2 * PackageFeed.Names.Count - 1, files.Length);
            Assert.Equal(files, again.EnumerateFiles().Select(file => file.Name).Order(StringComparer.Ordinal));
            Assert.All(files, file => Assert.Equal(Bytes(feed.Folder, file), Bytes(again.FullName, file)));
        }
        finally
        {
            again.Delete(recursive: true);
        }

        static byte[] Bytes(string folder, string file) => File.ReadAllBytes(Path.Combine(folder, file));
    }

    private static string[] Promised(string name) => name switch
    {
        Metapackage => [
            .. PackageFeed.Names.Where(other => other is not (Metapackage or "Flannel.Testing")), "Microsoft.Extensions.DependencyInjection"
        ],
        "Flannel.Core" =>
        [
            "Microsoft.Extensions.DependencyInjection.Abstractions",
            "Microsoft.Extensions.Diagnostics.Abstractions",
            "Microsoft.Extensions.Diagnostics.HealthChecks",
            "Microsoft.Extensions.Hosting.Abstractions",
            "Microsoft.Extensions.Logging.Abstractions",
            "Microsoft.Extensions.Options",
            "Microsoft.Extensions.Options.ConfigurationExtensions",
        ],
        "Flannel.Netlink" or "Flannel.Cni" => [],
        "Flannel.Containers" => ["Flannel.Cni", "Flannel.Core", "Flannel.Linux", "Flannel.Netlink"],
        "Flannel.Testing" => ["Flannel.Core", "Microsoft.Extensions.DependencyInjection"],
        "Flannel.Linux" => ["Flannel.Core", "Flannel.Netlink", "Tmds.LibC"],
        "Flannel.Store.Etcd" => ["Flannel.Core", "dotnet-etcd"],
        "Flannel.Store.Kubernetes" => ["Flannel.Core", "YamlDotNet"],
        _ when name.StartsWith("Flannel.Backends.", StringComparison.Ordinal) => ["Flannel.Core", "Flannel.Linux", "Flannel.Netlink"],
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "Say here what the new package may depend on."),
    };

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Links();

    // Paths of the repository, and documents beside the README.
    [GeneratedRegex(@"`((?:docs|samples|src|tests|bench|eng)/[^`]+|[\w.-]+\.md)`")]
    private static partial Regex Files();
}

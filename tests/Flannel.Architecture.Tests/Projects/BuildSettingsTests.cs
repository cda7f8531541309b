using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Flannel.Architecture.Tests.Tree;

namespace Flannel.Architecture.Tests.Projects;

/// <summary>The settings that make the compiler check the house's rules. A rule that is switched off is noticed here.</summary>
public sealed class BuildSettingsTests
{
    [Theory]
    [InlineData("Directory.Build.props", "TreatWarningsAsErrors")]
    [InlineData("Directory.Build.props", "EnforceCodeStyleInBuild")]
    [InlineData("Directory.Build.props", "GenerateDocumentationFile")]
    [InlineData("Directory.Build.props", "ManagePackageVersionsCentrally")]
    [InlineData("src/Directory.Build.props", "IsAotCompatible")]
    [InlineData("src/Directory.Build.props", "IsPackable")]
    [InlineData("src/Directory.Build.props", "EnableConfigurationBindingGenerator")]
    public void Setting_IsOn(string file, string setting) =>
        Assert.Equal("true", (string?)XDocument.Load(SourceTree.PathOf(file)).Descendants(setting).Single());

    // Where nobody says its severity, the build is silent about it, whatever the preference.
    [Fact]
    public void Braces_AreAskedForByTheBuild()
    {
        string settings = SourceTree.Read(".editorconfig");
        Assert.Contains("\ncsharp_prefer_braces = when_multiline:warning\n", settings, StringComparison.Ordinal);
        Assert.Contains("\ndotnet_diagnostic.IDE0011.severity = warning\n", settings, StringComparison.Ordinal);
    }

    [Fact]
    public void Nullable_IsOn() =>
        Assert.Equal("enable", (string?)XDocument.Load(SourceTree.PathOf("Directory.Build.props")).Descendants("Nullable").Single());

    // Where the trimmer takes tracing out, it takes some of what releases locks with it: docs/http2-lost-lock.md. The native compiler does not.
    [Fact]
    public void EventSource_IsSwitchedOff_ForTheNativeCompilerOnly()
    {
        const string Native = "'$(PublishAot)' == 'true'";
        IEnumerable<string> files = SourceTree.Files("*.csproj", "src", "samples", "tests", "bench")
            .Concat(SourceTree.Files("Directory.Build.props", "."));
        IEnumerable<XElement> switchedOff = files.SelectMany(static file => XDocument.Load(file).Descendants("EventSourceSupport"))
            .Where(static element => element.Value != "true");

        Assert.All(
            switchedOff,
            static element => Assert.Contains(Native, new[] { element, element.Parent! }.Select(at => (string?)at.Attribute("Condition"))));
    }

    [Fact]
    public void Packages_OverrideNoSetting()
    {
        string[] settings = [
            "TreatWarningsAsErrors",
            "Nullable",
            "IsAotCompatible",
            "GenerateDocumentationFile",
            "AnalysisLevel",
            "EnforceCodeStyleInBuild",
            "NoWarn",
            "WarningsNotAsErrors",
        ];
        foreach (Project package in SourceTree.Packages)
            Assert.All(settings, setting => Assert.Empty(package.Elements(setting)));
    }

    [Fact]
    public void MissingDocumentation_IsSilencedNowhereInPackages()
    {
        foreach (string file in SourceTree.Files("*.cs", "src"))
            Assert.DoesNotContain("CS1591", File.ReadAllText(file), StringComparison.Ordinal);
        Assert.DoesNotContain("CS1591", SourceTree.Read("src/Directory.Build.props"), StringComparison.Ordinal);
    }

    [Fact]
    public void BannedSymbols_AreWiredIntoEveryPackage()
    {
        string[] banned =
        [
            "P:System.DateTime.UtcNow", "P:System.DateTimeOffset.UtcNow", "M:System.Diagnostics.Stopwatch.GetTimestamp",
            "M:System.Threading.Tasks.Task.Delay(System.TimeSpan)", "M:System.Threading.Thread.Sleep(System.Int32)", "M:System.Random.#ctor",
            "P:System.Random.Shared", "T:System.Console", "M:System.Environment.Exit(System.Int32)", "T:System.Diagnostics.Process",
        ];
        string[] lines = File.ReadAllLines(SourceTree.PathOf("eng/BannedSymbols.txt"));

        Assert.All(banned, symbol => Assert.Contains(lines, line => line.StartsWith(symbol + ";", StringComparison.Ordinal)));
        Assert.All(lines, line => Assert.Matches("^[A-Z]:[^;]+;.+$", line));
        Assert.Contains("eng/BannedSymbols.txt", SourceTree.Read("src/Directory.Build.props"), StringComparison.Ordinal);
        Assert.Contains("Microsoft.CodeAnalysis.BannedApiAnalyzers", SourceTree.Read("Directory.Packages.props"), StringComparison.Ordinal);
        Assert.DoesNotContain("RS0030", SourceTree.Read(".editorconfig"), StringComparison.Ordinal);
    }

    // The analyzer compares the files with the code. It says nothing where they are missing, so that is seen to here.
    [Fact]
    public void PublicSurface_IsWrittenDownForEveryLibraryAndNothingElse()
    {
        string[] files = ["PublicAPI.Shipped.txt", "PublicAPI.Unshipped.txt"];
        IEnumerable<string> expected = SourceTree.Libraries.SelectMany(library => files.Select(file => $"{library.Folder}/{file}"));

        Assert.Equal(
            expected.Order(StringComparer.Ordinal),
            SourceTree.Files("PublicAPI.*.txt", "src", "samples", "tests", "bench").Select(SourceTree.Relative).Order(StringComparer.Ordinal));
        Assert.All(expected, file => Assert.StartsWith("#nullable enable\n", SourceTree.Read(file), StringComparison.Ordinal));
        Assert.Contains("Microsoft.CodeAnalysis.PublicApiAnalyzers", SourceTree.Read("src/Directory.Build.props"), StringComparison.Ordinal);
        Assert.DoesNotMatch("RS00(16|17|36|37|41)", SourceTree.Read(".editorconfig"));
    }

    [Fact]
    public void BannedSymbols_OfDotnetEtcd_LeaveItsStubsAndMessagesOnly()
    {
        // Whatever a later version of the package adds has to be judged, and either banned or listed here.
        string[] allowed = ["#ctor(Grpc.Core.CallInvoker)", "GetConnection", "Dispose"];
        string[] lines = File.ReadAllLines(SourceTree.PathOf("eng/BannedSymbols.txt"));
        Assembly package = Assembly.Load("dotnet-etcd");
        Type client = package.GetType("dotnet_etcd.EtcdClient", throwOnError: true)!;
        IEnumerable<string> members = client.GetConstructors().Select(_ => "#ctor").Concat(
            client.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
                .Select(method => method.Name));

        foreach (IGrouping<string, string> overloads in members.GroupBy(name => name))
        {
            int banned = lines.Count(line => Regex.IsMatch(line, $@"^M:dotnet_etcd\.EtcdClient\.{overloads.Key}[(;]"));
            int left = allowed.Count(symbol => symbol.Split('(')[0] == overloads.Key);
            Assert.True(banned + left == overloads.Count(), $"{overloads.Key}: {overloads.Count()} overloads, {banned} banned, {left} allowed");
            Assert.DoesNotContain(
                lines, line => allowed.Any(symbol => line.StartsWith($"M:dotnet_etcd.EtcdClient.{symbol};", StringComparison.Ordinal)));
        }

        IEnumerable<string> types = package.GetExportedTypes()
            .Where(type => type.Namespace!.StartsWith("dotnet_etcd", StringComparison.Ordinal))
            .Select(type => type.FullName!)
            .Except(["dotnet_etcd.EtcdClient", "dotnet_etcd.interfaces.IConnection"]);
        Assert.All(types, type => Assert.Contains(lines, line => line.StartsWith($"T:{type};", StringComparison.Ordinal)));
    }

    [Fact]
    public void PublicTypes_AreAllInTheDocumentationFile()
    {
        foreach (Project package in SourceTree.Packages)
        {
            Assembly assembly = SourceTree.AssemblyOf(package);
            string path = Path.ChangeExtension(assembly.Location, ".xml");
            Assert.True(File.Exists(path), $"{package.Name} builds no documentation file: {path}");
            HashSet<string> documented = [.. XDocument.Load(path).Descendants("member").Select(member => (string)member.Attribute("name")!)];
            Assert.All(assembly.GetExportedTypes(), type => Assert.Contains("T:" + type.FullName!.Replace('+', '.'), documented));
        }
    }

    [Fact]
    public void EveryPackage_DescribesItself()
    {
        foreach (Project package in SourceTree.Packages)
        {
            Assert.False(string.IsNullOrWhiteSpace((string?)package.Elements("Description").SingleOrDefault()), $"{package.Name} has no Description");
            Assert.True(File.Exists(SourceTree.PathOf(package.Folder + "/README.md")), $"{package.Name} has no README.md");
        }
    }
}

using System.Xml.Linq;
using Flannel.Architecture.Tests.Tree;

namespace Flannel.Architecture.Tests.Projects;

/// <summary>The dependency direction of docs/architecture.md, held against the project files.</summary>
public sealed class ProjectReferenceTests
{
    // An edge that is not here is an error, and so is one that no project uses any more.
    private static readonly Dictionary<(string From, string To), string> Allowed = new()
    {
        [("Flannel.Linux", "Flannel.Core")] = "implements the seam to the host that the core declares",
        [("Flannel.Linux", "Flannel.Netlink")] = "reads links, addresses and routes to choose the external interface",
        [("Flannel.Store.Etcd", "Flannel.Core")] = "implements the store seam",
        [("Flannel.Store.Kubernetes", "Flannel.Core")] = "implements the policy seam, with the core's rules for peers",
        [("Flannel.Backends.Vxlan", "Flannel.Core")] = "implements the backend seam on the core's leases and reconciler",
        [("Flannel.Backends.Vxlan", "Flannel.Linux")] = "enters network namespaces and sets sysctls, as every Linux backend does",
        [("Flannel.Backends.Vxlan", "Flannel.Netlink")] = "programs the VXLAN device, neighbours, FDB and routes",
        [("Flannel.Backends.HostGateway", "Flannel.Core")] = "implements the backend seam on the core's leases and reconciler",
        [("Flannel.Backends.HostGateway", "Flannel.Linux")] = "enters network namespaces and knows plain routes to peers, as VXLAN's direct " +
            "routing does",
        [("Flannel.Backends.HostGateway", "Flannel.Netlink")] = "programs routes and follows the external interface",
        [("Flannel.Backends.Udp", "Flannel.Core")] = "implements the backend seam on the core's leases",
        [("Flannel.Backends.Udp", "Flannel.Linux")] = "enters network namespaces and sets sysctls, as every Linux backend does",
        [("Flannel.Backends.Udp", "Flannel.Netlink")] = "gives the TUN device its address, MTU and route, and watches over them",
        [("Flannel.Containers", "Flannel.Cni")] = "says in CNI's words what a container has got",
        [("Flannel.Containers", "Flannel.Core")] = "gives containers addresses of a node's lease, and follows it",
        [("Flannel.Containers", "Flannel.Linux")] = "enters containers' namespaces and sets sysctls",
        [("Flannel.Containers", "Flannel.Netlink")] = "makes bridges, devices, addresses, routes and maps of ports",
        [("Flannel.Testing", "Flannel.Core")] = "says what implementations of the core's seams have to do, and runs real nodes without a kernel",
    };

    [Fact]
    public void Libraries_ReferenceEachOther_OnlyDownwards()
    {
        IEnumerable<(string, string)> found = SourceTree.Libraries.SelectMany(package => package.ProjectReferences.Select(to => (package.Name, to)));

        Assert.Equal(Allowed.Keys.Order(), found.Order());
        Assert.All(Allowed.Values, reason => Assert.NotEmpty(reason));
    }

    [Fact]
    public void Libraries_ReferenceNoBackendAndNoStore()
    {
        foreach (Project package in SourceTree.Libraries)
        {
            Assert.DoesNotContain(
                package.ProjectReferences,
                to => to.StartsWith("Flannel.Backends.", StringComparison.Ordinal) || to.StartsWith("Flannel.Store.", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Metapackage_HoldsNoCodeAndReferencesEveryLibrary()
    {
        Project metapackage = Assert.Single(SourceTree.Packages, package => package.IsMetapackage);

        Assert.Equal("Flannel", metapackage.Name);
        Assert.Empty(SourceTree.Files("*.cs", metapackage.Folder));
        // What is for tests is no part of a program.
        XElement references = Assert.Single(metapackage.Elements("ProjectReference"));
        Assert.Equal(
            ("../Flannel.*/*.csproj", "../Flannel.Testing/*.csproj"),
            ((string?)references.Attribute("Include"), (string?)references.Attribute("Exclude")));
        Assert.All(SourceTree.Libraries, library => Assert.StartsWith("src/Flannel.", library.Folder, StringComparison.Ordinal));
        Assert.Equal(["Microsoft.Extensions.DependencyInjection"], metapackage.PackageReferences);
    }

    [Fact]
    public void Core_DependsOnMicrosoftExtensionsOnly() => Assert.All(
        Package("Flannel.Core").PackageReferences,
        name => Assert.StartsWith("Microsoft.Extensions.", name, StringComparison.Ordinal));

    [Fact]
    public void Netlink_DependsOnNothing()
    {
        Assert.Empty(Package("Flannel.Netlink").ProjectReferences);
        Assert.Empty(Package("Flannel.Netlink").PackageReferences);
    }

    [Fact]
    public void Cni_DependsOnNothing()
    {
        Assert.Empty(Package("Flannel.Cni").ProjectReferences);
        Assert.Empty(Package("Flannel.Cni").PackageReferences);
    }

    [Fact]
    public void Linux_DependsOnTmdsLibCAndShowsItToNobody()
    {
        Project linux = Package("Flannel.Linux");

        Assert.Equal(["Tmds.LibC"], linux.PackageReferences.Where(name => !name.StartsWith("Microsoft.Extensions.", StringComparison.Ordinal)));
        Assert.Equal(
            "compile",
            (string?)linux.Elements("PackageReference").Single(reference => (string?)reference.Attribute("Include") == "Tmds.LibC")
                .Attribute("PrivateAssets"));
    }

    [Theory]
    [InlineData("Flannel.Backends.Vxlan")]
    [InlineData("Flannel.Backends.Udp")]
    [InlineData("Flannel.Backends.HostGateway")]
    public void Backends_DependOnMicrosoftExtensionsOnly(string name) => Assert.All(
        Package(name).PackageReferences,
        package => Assert.StartsWith("Microsoft.Extensions.", package, StringComparison.Ordinal));

    [Fact]
    public void EtcdStore_DependsOnDotnetEtcdOnly() => Assert.Equal(["dotnet-etcd"], Package("Flannel.Store.Etcd").PackageReferences);

    // With any framework for tests, so with none.
    [Fact]
    public void Testing_DependsOnMicrosoftExtensionsOnly() =>
        Assert.Equal(["Microsoft.Extensions.DependencyInjection"], Package("Flannel.Testing").PackageReferences);

    [Fact]
    public void KubernetesStore_DependsOnYamlDotNetOnly() => Assert.Equal(["YamlDotNet"], Package("Flannel.Store.Kubernetes").PackageReferences);

    [Fact]
    public void Executables_UseThePublicPackagesOnly()
    {
        string[] packages = [.. SourceTree.Packages.Select(package => package.Name)];
        // The soak is a test that is a program, and has the tests' laboratory.
        foreach (Project project in SourceTree.AllProjects.Where(
            project => project.IsExecutable && !project.Folder.StartsWith("tests/", StringComparison.Ordinal)))
        {
            Assert.All(project.ProjectReferences, to => Assert.Contains(to, packages));
        }
    }

    [Fact]
    public void ConsoleHostAndCniPlugin_AreTheOnlyProgramsBesideThePackages()
    {
        string[] programs = [.. SourceTree.AllProjects.Where(
            project => project.IsExecutable && project.Folder.StartsWith("src/", StringComparison.Ordinal)).Select(project => project.Folder)];

        Assert.Equal(["src/FlannelCni", "src/Flanneld"], programs);
        Assert.Contains(
            "Exclude=\"$(MSBuildThisFileDirectory)../src/Flanneld/*.csproj;$(MSBuildThisFileDirectory)../src/FlannelCni/*.csproj\"",
            SourceTree.Read("eng/Packages.proj"),
            StringComparison.Ordinal);
    }

    // Its start is what a container waits for.
    [Fact]
    public void CniPlugin_ReferencesCniAlone() =>
        Assert.Equal(["Flannel.Cni"], SourceTree.AllProjects.Single(project => project.Name == "FlannelCni").ProjectReferences);

    [Fact]
    public void EveryLibraryAndEveryProgram_HaveATestProject()
    {
        string[] names = [.. SourceTree.AllProjects.Select(project => project.Name)];
        Assert.Contains("Flanneld.Tests", names);
        Assert.Contains("FlannelCni.Tests", names);
        Assert.All(SourceTree.Libraries, library => Assert.Contains(library.Name + ".Tests", names));
    }

    [Fact]
    public void EveryProject_IsInTheSolution()
    {
        string solution = SourceTree.Read("Flannel.sln");
        Assert.All(SourceTree.AllProjects, project => Assert.Contains($"\"{project.Name}\"", solution, StringComparison.Ordinal));
    }

    [Fact]
    public void Versions_AreGivenInOnePlace() => Assert.All(
        SourceTree.AllProjects.SelectMany(project => project.Elements("PackageReference")),
        reference => Assert.Null(reference.Attribute("Version")));

    [Fact]
    public void Internals_AreVisibleToTestsAndBenchmarksOnly()
    {
        // The rule for all packages is in src/Directory.Build.props; a project file may add the benchmarks and the simulation.
        Assert.Contains(
            "<InternalsVisibleTo Include=\"$(MSBuildProjectName).Tests\" />", SourceTree.Read("src/Directory.Build.props"), StringComparison.Ordinal);
        Assert.All(
            SourceTree.Packages.SelectMany(package => package.Elements("InternalsVisibleTo")),
            element => Assert.Matches(@"Tests$|^Flannel\.(Benchmarks|Simulation)$", (string?)element.Attribute("Include")));
    }

    private static Project Package(string name) => SourceTree.Packages.Single(package => package.Name == name);
}

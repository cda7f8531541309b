using System.Security.Cryptography;
using Flannel.Integration.Tests.Tree;
using Flannel.Lab.Processes;

namespace Flannel.Integration.Tests.Packages;

/// <summary>A folder outside the repository with every package in it, packed from the very assemblies that the tests run on.</summary>
[CollectionDefinition(Collection)]
public sealed class PackageFeed : IAsyncLifetime, ICollectionFixture<PackageFeed>
{
    /// <summary>The tests that share one packing.</summary>
    public const string Collection = "packages";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("flannel-packages-");
    private readonly Lazy<Task<OutsideProgram>> _outside;

    public PackageFeed() => _outside = new Lazy<Task<OutsideProgram>>(() => OutsideProgram.BuildAsync(this));

    /// <summary>The names of the packages: the projects below <c>src</c> but the programs.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        .. Directory.EnumerateDirectories(Repository.PathOf("src")).Select(folder => Path.GetFileName(folder))
            .Where(name => name is not ("Flanneld" or "FlannelCni")).Order(StringComparer.Ordinal),
    ];

    /// <summary>A version that no package cache has ever seen.</summary>
    public string Version { get; } = "0.0.0-test." + RandomNumberGenerator.GetHexString(12, lowercase: true);

    /// <summary>The folder.</summary>
    public string Folder => _folder.FullName;

    public Task InitializeAsync() => PackAsync(Folder);

    public async Task DisposeAsync()
    {
        if (_outside.IsValueCreated && _outside.Value.IsCompletedSuccessfully) (await _outside.Value).Dispose();
        _folder.Delete(recursive: true);
    }

    /// <summary>The program that has nothing but these packages; built once for all tests.</summary>
    internal Task<OutsideProgram> OutsideAsync() => _outside.Value;

    /// <summary>Packs what is built.</summary>
    public async Task PackAsync(string folder)
    {
        (int exitCode, string output) = await DotnetCommand.RunAsync(
            Repository.Root,
            Limit,
            "msbuild",
            "eng/Packages.proj",
            "-target:Pack",
            "-maxCpuCount",
            "-nologo",
            "-verbosity:quiet",
            "-property:NoBuild=true",
            $"-property:Configuration={Repository.Configuration}",
            $"-property:PackageVersion={Version}",
            $"-property:PackageOutputPath={folder}/",
            "-property:DeterministicTimestamp=1577836800");
        Assert.True(exitCode == 0, $"Packing failed ({exitCode}); ./build.sh test builds everything before. It says:\n{output}");
        Assert.Empty(output.Trim());
    }

    public PackageFile Open(string name) => PackageFile.Open(Path.Combine(Folder, $"{name}.{Version}.nupkg"));

    public PackageFile OpenSymbols(string name) => PackageFile.Open(Path.Combine(Folder, $"{name}.{Version}.snupkg"));
}

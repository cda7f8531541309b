using System.Text.Json.Nodes;
using Flannel.Integration.Tests.Tree;
using Flannel.Lab.Processes;

namespace Flannel.Integration.Tests.Packages;

/// <summary>
/// A program in a folder outside the repository that knows this library only by its packages. It is restored from the packed ones and from what the
/// solution itself was restored to, so no package source is asked and the caches of the machine stay as they are.
/// </summary>
internal sealed class OutsideProgram : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("flannel-outside-");

    public static string Source { get; } = Repository.PathOf("tests", "Flannel.Integration.Tests", "Packages", "Outside", "Program.cs");

    /// <summary>Builds the program that runs an overlay.</summary>
    public static Task<OutsideProgram> BuildAsync(PackageFeed feed) => BuildAsync(feed, Source, "Flannel", isNative: false);

    /// <summary>Builds a program that refers to one of the packages.</summary>
    public static async Task<OutsideProgram> BuildAsync(PackageFeed feed, string source, string package, bool isNative)
    {
        var program = new OutsideProgram();
        try
        {
            await program.BuildAsync(feed.Folder, feed.Version, source, package, isNative);
            return program;
        }
        catch
        {
            program.Dispose();
            throw;
        }
    }

    /// <summary>Starts it, by its assembly or as the native program.</summary>
    public OutsideProcess Start(bool isNative, params string[] arguments)
    {
        return isNative
            ? new OutsideProcess(Path.Combine(_folder.FullName, "out", "Outside"), arguments)
            : new OutsideProcess("dotnet", ["exec", FindAssembly(), .. arguments]);
    }

    /// <summary>Starts it by its assembly inside a network namespace.</summary>
    public OutsideProcess StartIn(string networkNamespace) => new("ip", ["netns", "exec", networkNamespace, "dotnet", "exec", FindAssembly()]);

    public void Dispose() => _folder.Delete(recursive: true);

    private string FindAssembly() =>
        Assert.Single(Directory.EnumerateFiles(Path.Combine(_folder.FullName, "bin"), "Outside.dll", SearchOption.AllDirectories));

    private async Task BuildAsync(string feed, string version, string source, string package, bool isNative)
    {
        foreach (string file in Directory.EnumerateFiles(Path.GetDirectoryName(source)!, "*.cs"))
            File.Copy(file, Path.Combine(_folder.FullName, Path.GetFileName(file)));
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "Outside.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <Nullable>enable</Nullable>
                <ImplicitUsings>enable</ImplicitUsings>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
                <PublishAot>{isNative}</PublishAot>
                <TrimmerSingleWarn>false</TrimmerSingleWarn>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="{package}" Version="{version}" />
              </ItemGroup>
            </Project>
            """);

        string[] restore =
        [
            $"-property:RestoreSources={feed}",
            $"-property:RestorePackagesPath={Path.Combine(_folder.FullName, "packages")}",
            $"-property:RestoreFallbackFolders=\"{string.Join(';', FoldersOfTheSolution())}\"",
        ];
        if (isNative)
        {
            await NativeProgram.PublishAsync(_folder.FullName, Limit, restore);
            return;
        }

        (int exitCode, string output) =
            await DotnetCommand.RunAsync(_folder.FullName, Limit, ["build", "--nologo", "--verbosity", "quiet", .. restore]);
        Assert.True(exitCode == 0, $"The program outside could not be built ({exitCode}):\n{output}");
    }

    // Where NuGet has put what the packages depend on.
    private static IEnumerable<string> FoldersOfTheSolution()
    {
        JsonNode restored = JsonNode.Parse(File.ReadAllText(Repository.PathOf("src", "Flannel", "obj", "project.assets.json")))!;
        return restored["packageFolders"]!.AsObject().Select(folder => folder.Key);
    }
}

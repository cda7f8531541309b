using System.Diagnostics;
using System.Text.Json.Nodes;
using Flannel.Integration.Tests.Tree;
using Flannel.Testing.Processes;

namespace Flannel.Integration.Tests.Packages;

/// <summary>
/// A program in a folder outside the repository that knows this library only by its packages. It is restored from the packed ones and from what the
/// solution itself was restored to, so no package source is asked and the caches of the machine stay as they are.
/// </summary>
internal sealed class OutsideProgram : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("flannel-outside-");
    private Process? _process;

    public static string Source { get; } = Repository.PathOf("tests", "Flannel.Integration.Tests", "Packages", "Outside", "Program.cs");

    public static async Task<OutsideProgram> BuildAsync(PackageFeed feed)
    {
        var program = new OutsideProgram();
        try
        {
            await program.BuildAsync(feed.Folder, feed.Version);
            return program;
        }
        catch
        {
            await program.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts it and returns what it writes.</summary>
    public StreamReader Start(params string[] arguments)
    {
        _process = Process.Start(new ProcessStartInfo("dotnet", ["exec", Path.Combine(_folder.FullName, "out", "Outside.dll"), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        return _process.StandardOutput;
    }

    /// <summary>Presses Enter and waits for the end.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> EndAsync()
    {
        await _process!.StandardInput.WriteLineAsync();
        await _process.StandardInput.FlushAsync();
        await _process.WaitForExitAsync().WaitAsync(Limit);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process?.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task BuildAsync(string feed, string version)
    {
        File.Copy(Source, Path.Combine(_folder.FullName, "Program.cs"));
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "Outside.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <Nullable>enable</Nullable>
                <ImplicitUsings>enable</ImplicitUsings>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="Flannel" Version="{version}" />
              </ItemGroup>
            </Project>
            """);

        (int exitCode, string output) = await DotnetCommand.RunAsync(
            _folder.FullName,
            Limit,
            "build",
            "--output",
            "out",
            "--nologo",
            "--verbosity",
            "quiet",
            $"-property:RestoreSources={feed}",
            $"-property:RestorePackagesPath={Path.Combine(_folder.FullName, "packages")}",
            $"-property:RestoreFallbackFolders=\"{string.Join(';', FoldersOfTheSolution())}\"");
        Assert.True(exitCode == 0, $"The program outside could not be built ({exitCode}):\n{output}");
    }

    // Where NuGet has put what the packages depend on.
    private static IEnumerable<string> FoldersOfTheSolution()
    {
        JsonNode restored = JsonNode.Parse(File.ReadAllText(Repository.PathOf("src", "Flannel", "obj", "project.assets.json")))!;
        return restored["packageFolders"]!.AsObject().Select(folder => folder.Key);
    }
}

using System.Diagnostics;
using System.Globalization;
using Flannel.Lab.Processes;

namespace Flannel.Backends.Udp.Tests.Checksums;

/// <summary>
/// Native programs are compiled for every processor of their kind, so what is fast only by luck of the machine that runs these tests would be slow in
/// the published console host. The checksum's sources are compiled like it, and every loop is timed there.
/// </summary>
public sealed class PublishedChecksumTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("flannel-checksum-");

    [SkippableFact]
    public async Task NativeProgram_SumsByTheFastestLoopOfTheProcessor()
    {
        NativeProgram.NeedLinker();
        string root = string.Join('/', AppContext.BaseDirectory.TrimEnd('/').Split('/')[..^5]);
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "Published.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <Nullable>enable</Nullable>
                <ImplicitUsings>enable</ImplicitUsings>
                <AllowUnsafeBlocks>true</AllowUnsafeBlocks>
                <InvariantGlobalization>true</InvariantGlobalization>
                <PublishAot>true</PublishAot>
              </PropertyGroup>
              <ItemGroup>
                <Compile Include="{root}/src/Flannel.Backends.Udp/Checksums/*.cs" />
                <Compile Include="{root}/src/Flannel.Backends.Udp/Packets/*.cs" />
                <Compile Include="{root}/tests/Flannel.Backends.Udp.Tests/Checksums/Published/Program.cs" />
              </ItemGroup>
            </Project>
            """);
        await NativeProgram.PublishAsync(_folder.FullName, Limit);

        string[][] lines = [.. (await RunAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' '))];

        Dictionary<string, double> rates = lines.ToDictionary(line => line[0], line => double.Parse(line[1], CultureInfo.InvariantCulture));
        string told = string.Join(", ", lines.Select(line => $"{line[0]} {line[1]} GB/s"));
        Assert.Single(lines.Select(line => line[2]).Distinct());
        Assert.True(rates.Count > 2, $"No loop uses the processor's vectors: {told}");
        Assert.True(rates["Sum"] > 0.4 * rates.Values.Max(), $"The fastest loop is not the one that is taken: {told}");
        Assert.True(rates["Sum"] > 1.3 * rates["Scalar"], $"The vectors bring nothing: {told}");
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private async Task<string> RunAsync()
    {
        using Process process = Process.Start(
            new ProcessStartInfo(Path.Combine(_folder.FullName, "out", "Published")) { RedirectStandardOutput = true })!;
        string output = await process.StandardOutput.ReadToEndAsync().WaitAsync(Limit);
        await process.WaitForExitAsync().WaitAsync(Limit);
        Assert.Equal(0, process.ExitCode);
        return output;
    }
}

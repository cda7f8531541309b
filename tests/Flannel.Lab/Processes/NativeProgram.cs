using Xunit;

namespace Flannel.Lab.Processes;

/// <summary>Programs compiled ahead of time, as <c>dotnet publish</c> with <c>PublishAot</c> makes them.</summary>
public static class NativeProgram
{
    /// <summary>Why none can be made here; <see langword="null"/> if they can.</summary>
    public static string? Obstacle { get; } = HasLinker()
        ? null
        : "gcc or clang and the C library's development files (libc6-dev) are needed to link a native program";

    /// <summary>Skips the calling test, which must be a <c>[SkippableFact]</c>, where nothing can link a program.</summary>
    public static void NeedLinker() => Skip.If(Obstacle is not null, Obstacle);

    /// <summary>Publishes the project of a folder into its subfolder <c>out</c>; any warning fails the calling test.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="limit">How long it may take.</param>
    /// <param name="options">More options of <c>dotnet publish</c>.</param>
    public static async Task PublishAsync(string folder, TimeSpan limit, params string[] options)
    {
        (int exitCode, string output) = await DotnetCommand.RunAsync(
            folder, limit,
            ["publish", "--use-current-runtime", "--output", "out", "--nologo", "--verbosity", "quiet", "-property:NuGetAudit=false", .. options]);
        Assert.True(exitCode == 0, $"The program in {folder} could not be published ({exitCode}):\n{output}");
        Assert.DoesNotContain("warning", output, StringComparison.OrdinalIgnoreCase);
    }

    private static bool HasLinker()
    {
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':');
        bool hasCompiler = folders.Any(folder => File.Exists(Path.Combine(folder, "gcc")) || File.Exists(Path.Combine(folder, "clang")));
        var nearby = new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 2, IgnoreInaccessible = true };
        return hasCompiler && Directory.EnumerateFiles("/usr", "Scrt1.o", nearby).Any(); // every program begins with it
    }
}

namespace Flannel.Lab.Cni;

/// <summary>Where plugins are on this machine.</summary>
public static class CniPlugins
{
    /// <summary>The variable that names the published plugin of flannel.</summary>
    public const string ExecutableVariable = "FLANNEL_TEST_CNI";

    private static readonly string[] Needed = ["bridge", "host-local", "portmap"];

    /// <summary>The folder with the plugins that do the work; <see langword="null"/> if they are not installed.</summary>
    public static string? Folder { get; } = new[] { "/usr/lib/cni", "/opt/cni/bin" }.FirstOrDefault(
        folder => Needed.All(name => File.Exists(Path.Combine(folder, name))));

    /// <summary>The published plugin of flannel; <see langword="null"/> if there is none.</summary>
    public static string? Executable => Environment.GetEnvironmentVariable(ExecutableVariable) is { Length: > 0 } path ? path : null;
}

namespace Flannel.Lab.Cni;

/// <summary>A folder of plugins that are shell scripts, which write down what they are told. Removed with this object.</summary>
public sealed class ScriptedPlugins : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("flannel-cni-");

    /// <summary>The temporary folder that the others are in.</summary>
    public string Root => _folder.FullName;

    /// <summary>The folder of the plugins.</summary>
    public string Folder => Directory.CreateDirectory(Path.Combine(Root, "bin")).FullName;

    /// <summary>What was called, a line per call: the plugin, a blank and the command.</summary>
    public IReadOnlyList<string> Calls => File.Exists(CallsFile) ? File.ReadAllLines(CallsFile) : [];

    private string CallsFile => Path.Combine(Root, "calls");

    /// <summary>Writes a plugin that notes its call, keeps its input and its environment, and runs a piece of shell.</summary>
    /// <param name="type">The plugin.</param>
    /// <param name="body">What it does then.</param>
    public void Add(string type, string body)
    {
        string path = Path.Combine(Folder, type);
        File.WriteAllText(
            path,
            $"#!/bin/sh\necho \"{type} $CNI_COMMAND\" >>'{CallsFile}'\ncat >'{Root}/{type}.'\"$CNI_COMMAND\".json\nenv " +
            $">'{Root}/{type}.'\"$CNI_COMMAND\".env\n{body}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>What a plugin read in its last call of a command.</summary>
    public string InputOf(string type, string command) => File.ReadAllText(Path.Combine(Root, $"{type}.{command}.json"));

    /// <summary>The environment of a plugin in its last call of a command, sorted.</summary>
    public IReadOnlyList<string> EnvironmentOf(string type, string command) =>
        [.. File.ReadAllLines(Path.Combine(Root, $"{type}.{command}.env")).Order(StringComparer.Ordinal)];

    /// <inheritdoc/>
    public void Dispose() => _folder.Delete(recursive: true);
}

using System.Text.Json.Nodes;
using Flannel.Cni.Json;

namespace Flannel.Cni.Configuration;

/// <summary>Reads network lists by the specification's section 1, and by libcni where that is silent.</summary>
internal static class NetworkListReader
{
    public static CniNetworkList Read(ReadOnlyMemory<byte> json, string? path)
    {
        try
        {
            var members = new JsonMembers(JsonText.ParseObject(json.Span, "It"), "", CniErrorCode.InvalidConfiguration);
            return members.Source.ContainsKey("plugins") || path?.EndsWith(".conflist", StringComparison.Ordinal) == true
                ? ReadList(members, json, path)
                : ReadSingle(members, json, path);
        }
        catch (CniException exception) when (exception is not CniConfigException)
        {
            throw new CniConfigException(path, exception.Message, exception.Code, exception);
        }
    }

    private static CniNetworkList ReadList(JsonMembers members, ReadOnlyMemory<byte> json, string? path)
    {
        string name = NameOf(members, path);
        bool inlinedOnly = FlagOf(members, "loadOnlyInlinedPlugins");
        List<CniPluginConfig> plugins = [.. members.Objects("plugins").Select(static plugin => ReadPlugin(plugin))];
        if (!inlinedOnly && path is not null) plugins.AddRange(ReadFolder(path, name));
        if (plugins.Count == 0) throw new CniConfigException(path, "it has no plugins.");
        return new CniNetworkList(name, VersionOf(members, path), plugins, json)
        {
            DisableCheck = FlagOf(members, "disableCheck"),
            DisableGC = FlagOf(members, "disableGC"),
            LoadOnlyInlinedPlugins = inlinedOnly,
            Path = path,
        };
    }

    private static CniNetworkList ReadSingle(JsonMembers members, ReadOnlyMemory<byte> json, string? path)
    {
        CniPluginConfig plugin = ReadPlugin(members);
        return new CniNetworkList(NameOf(members, path), VersionOf(members, path), [plugin], json) { Path = path };
    }

    private static IEnumerable<CniPluginConfig> ReadFolder(string path, string name)
    {
        string folder = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, name);
        if (!Directory.Exists(folder)) yield break;
        foreach (string file in ConfigFile.In(folder, ".conf"))
        {
            CniPluginConfig plugin;
            try
            {
                plugin = ReadPlugin(new JsonMembers(JsonText.ParseObject(ConfigFile.Read(file), "It"), "", CniErrorCode.InvalidConfiguration));
            }
            catch (CniException exception) when (exception is not CniConfigException)
            {
                throw new CniConfigException(file, exception.Message, exception.Code, exception);
            }

            yield return plugin;
        }
    }

    private static CniPluginConfig ReadPlugin(JsonMembers plugin)
    {
        string type = plugin.Text("type") is { Length: > 0 } given ? given : throw plugin.Wrong("type", "there; it names the plugin");
        if (!CniNames.IsPluginType(type)) throw plugin.Wrong("type", $"the name of a file without a folder: '{type}'");
        string[] capabilities = [];
        if (plugin.Object("capabilities") is { } declared)
            capabilities = [.. declared.Source.Select(static entry => entry.Key).Where(key => declared.Flag(key) == true)];
        return new CniPluginConfig(type, capabilities, plugin.Source);
    }

    private static string NameOf(JsonMembers members, string? path) => members.Text("name") switch
    {
        null or "" => throw new CniConfigException(path, "it has no name."),
        { } name when CniNames.IsName(name) => name,
        { } name => throw new CniConfigException(
            path, $"its name is '{name}'; a name begins with a letter or digit, and has letters, digits, '_', '.' and '-' only."),
    };

    // The newest of all that the list offers; newer ones than this library knows are left out.
    private static string VersionOf(JsonMembers members, string? path)
    {
        string[] offered = [.. members.Texts("cniVersions"), .. members.Text("cniVersion") is { Length: > 0 } one ? [one] : Array.Empty<string>()];
        if (offered.Length == 0) return CniVersions.Implicit;
        return CniVersions.All.LastOrDefault(offered.Contains) ?? throw new CniConfigException(
            path, $"it speaks CNI {string.Join(", ", offered)}; known here are " +
                $"{string.Join(", ", CniVersions.All)}.", CniErrorCode.IncompatibleVersion);
    }

    // libcni takes the text "true", too.
    private static bool FlagOf(JsonMembers members, string name) => members.Source[name] is JsonValue value && value.TryGetValue(out string? text)
        ? bool.TryParse(text, out bool flag) ? flag : throw members.Wrong(name, "true or false")
        : members.Flag(name) ?? false;
}

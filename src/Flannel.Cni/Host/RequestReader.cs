using System.Text.Json.Nodes;
using Flannel.Cni.Json;

namespace Flannel.Cni.Host;

/// <summary>Reads a request, and refuses what breaks the specification's section 2.</summary>
internal static class RequestReader
{
    private static readonly string[] Attaching = ["ADD", "DEL", "CHECK"];

    public static string CommandOf(IReadOnlyDictionary<string, string> environment)
    {
        string command = environment.GetValueOrDefault("CNI_COMMAND") ?? "";
        if (command.Length == 0) throw Refused("The environment variable CNI_COMMAND is missing: a container runtime starts this program.");
        return command is "ADD" or "DEL" or "CHECK" or "GC" or "STATUS" or "VERSION" ? command : throw Refused($"unknown CNI_COMMAND: {command}");
    }

    public static CniRequest Read(string command, IReadOnlyDictionary<string, string> environment, JsonObject config, IReadOnlyList<string> supported)
    {
        bool attaching = Attaching.Contains(command);
        CheckEnvironment(command, environment, attaching);
        var members = new JsonMembers(config, "", CniErrorCode.InvalidConfiguration);
        string version = members.Text("cniVersion") is { Length: > 0 } given ? given : CniVersions.Implicit;
        CheckVersion(command, version, supported);
        string name = members.Text("name") ?? "";
        if (name.Length == 0) throw new CniException(CniErrorCode.InvalidConfiguration, "The configuration has no name.");
        if (!CniNames.IsName(name))
        {
            throw new CniException(
                CniErrorCode.InvalidConfiguration, $"The configuration's name '{name}' has other characters than letters, digits, '_', '.' and '-'.");
        }

        return new CniRequest(command, environment, config)
        {
            CniVersion = version,
            NetworkName = name,
            ContainerId = attaching ? Value(environment, "CNI_CONTAINERID") : "",
            NetworkNamespace = attaching ? Value(environment, "CNI_NETNS") : "",
            InterfaceName = attaching ? Value(environment, "CNI_IFNAME") : "",
            Arguments = [.. ReadArguments(attaching ? Value(environment, "CNI_ARGS") : "")],
            PluginFolders = Value(environment, "CNI_PATH").Split(':', StringSplitOptions.RemoveEmptyEntries),
            PreviousResult = ReadPrevious(members, version),
            ValidAttachments = command == "GC" ? [.. ReadAttachments(members)] : [],
        };
    }

    private static void CheckEnvironment(string command, IReadOnlyDictionary<string, string> environment, bool attaching)
    {
        string[] needed = !attaching ? ["CNI_PATH"]
            : command == "DEL" ? ["CNI_CONTAINERID", "CNI_IFNAME", "CNI_PATH"]
            : ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH"];
        string[] missing = [.. needed.Where(name => Value(environment, name).Length == 0)];
        if (missing.Length > 0) throw Refused($"{command} needs the environment variables {string.Join(", ", missing)}.");
        if (!attaching) return;
        string container = Value(environment, "CNI_CONTAINERID");
        if (!CniNames.IsName(container))
            throw Refused($"CNI_CONTAINERID is '{container}'; it begins with a letter or digit, and has letters, digits, '_', '.' and '-' only.");
        string link = Value(environment, "CNI_IFNAME");
        if (!CniNames.IsInterfaceName(link)) throw Refused($"CNI_IFNAME is '{link}'; it has 1 to 15 characters, no '/', no ':' and no white space.");
    }

    private static void CheckVersion(string command, string version, IReadOnlyList<string> supported)
    {
        if (!supported.Contains(version) || !CniVersions.IsKnown(version))
        {
            throw new CniException(
                CniErrorCode.IncompatibleVersion, $"The configuration is of CNI {version}; this plugin speaks {string.Join(", ", supported)}.");
        }

        if (!CniVersions.IsAtLeast(version, CniVersions.SinceOf(command)))
        {
            throw new CniException(
                CniErrorCode.IncompatibleVersion, $"CNI has {command} since {CniVersions.SinceOf(command)}, and the configuration is of {version}.");
        }
    }

    private static CniResult? ReadPrevious(JsonMembers members, string version)
    {
        if (members.Object("prevResult") is not { } previous) return null;
        try
        {
            if (previous.Source["cniVersion"] is null) previous.Source["cniVersion"] = version;
            return CniResult.Read(previous.Source);
        }
        catch (CniException exception)
        {
            throw new CniException(exception.Code, $"prevResult cannot be read: {exception.Message}", innerException: exception);
        }
    }

    private static IEnumerable<CniAttachmentKey> ReadAttachments(JsonMembers members)
    {
        string name = members.Source.ContainsKey("cni.dev/valid-attachments") || !members.Source.ContainsKey("cni.dev/attachments")
            ? "cni.dev/valid-attachments"
            : "cni.dev/attachments";
        // Without the list nothing is known to be valid, and everything would be removed.
        if (!members.Source.ContainsKey(name)) throw members.Wrong(name, "there; it lists what GC must not touch");
        foreach (JsonMembers entry in members.Objects(name))
        {
            yield return new CniAttachmentKey(
                entry.Text("containerID") ?? throw entry.Wrong("containerID", "there"),
                entry.Text("ifname") ?? throw entry.Wrong("ifname", "there"));
        }
    }

    private static IEnumerable<KeyValuePair<string, string>> ReadArguments(string text)
    {
        foreach (string argument in text.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = argument.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0) throw Refused($"CNI_ARGS holds '{argument}', which is no name=value.");
            yield return KeyValuePair.Create(argument[..equals], argument[(equals + 1)..]);
        }
    }

    private static string Value(IReadOnlyDictionary<string, string> environment, string name) => environment.GetValueOrDefault(name) ?? "";

    private static CniException Refused(string message) => new(CniErrorCode.InvalidEnvironment, message);
}

using System.Text.Json.Nodes;
using Flannel.Cni.Json;

namespace Flannel.Cni.Cache;

/// <summary>
/// Results of ADD until DEL, in libcni's directory and format: <c>results/NETWORK-CONTAINER-INTERFACE</c> below <paramref name="folder"/>, so that
/// programs with libcni and this library can work on one host.
/// </summary>
internal sealed class ResultCache(string folder)
{
    private const string Kind = "cniCacheV1";
    private const int MaxBytes = 16 * 1024 * 1024; // more than the longest configuration and the longest result take as JSON
    private const UnixFileMode FileMode600 = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode FolderMode700 = FileMode600 | UnixFileMode.UserExecute;

    private string Results => Path.Combine(folder, "results");

    /// <exception cref="CniException">The folder cannot be written to.</exception>
    public void Write(CniNetworkList list, CniAttachment attachment, CniResult result)
    {
        var json = new JsonObject
        {
            ["kind"] = Kind,
            ["containerId"] = attachment.ContainerId,
            ["config"] = Convert.ToBase64String(list.Source.Span),
            ["ifName"] = attachment.InterfaceName,
            ["networkName"] = list.Name,
            ["netns"] = attachment.NetworkNamespace,
        };
        if (attachment.Arguments.Count > 0)
            json["cniArgs"] = new JsonArray([.. attachment.Arguments.Select(static argument => new JsonArray(argument.Key, argument.Value))]);
        if (attachment.Capabilities is { Count: > 0 }) json["capabilityArgs"] = attachment.Capabilities.DeepClone();
        json["result"] = result.ToJson();
        string name = NameOf(list.Name, attachment.Key);
        string temporary = Path.Combine(folder, $".{name}.new"); // where nobody looks for results
        try
        {
            if (OperatingSystem.IsWindows()) Directory.CreateDirectory(Results);
            else Directory.CreateDirectory(Results, FolderMode700);
            File.Delete(temporary);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = FileMode600;
            using (var file = new FileStream(temporary, options)) file.Write(JsonText.ToBytes(json));
            File.Move(temporary, Path.Combine(Results, name), overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Forget(temporary);
            throw new CniException(CniErrorCode.IoFailure, $"The result cannot be kept in {Results}: {exception.Message}", innerException: exception);
        }
    }

    /// <summary>Whether there is an attachment, be it that what is cached of it cannot be read.</summary>
    public bool Has(string network, CniAttachmentKey key) => File.Exists(Path.Combine(Results, NameOf(network, key)));

    /// <summary>What is cached of one attachment; <see langword="null"/> if there is nothing, or nothing that can be read.</summary>
    public CniCachedAttachment? Read(string network, CniAttachmentKey key)
    {
        try
        {
            string path = Path.Combine(Results, NameOf(network, key));
            return !File.Exists(path) ? null : ReadFile(path) is { } cached ? cached
                // before 0.8 libcni wrote the result alone
                : new CniCachedAttachment(network, new CniAttachment(key.ContainerId, "", key.InterfaceName), ReadPlain(path));
        }
        catch (Exception exception) when (exception is CniException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Everything that is cached; files that cannot be read are passed over.</summary>
    /// <exception cref="CniException">The folder cannot be read.</exception>
    public IReadOnlyList<CniCachedAttachment> ReadAll(string? network)
    {
        List<CniCachedAttachment> found = [];
        if (!Directory.Exists(Results)) return found;
        try
        {
            foreach (string path in Directory.EnumerateFiles(Results).Order(StringComparer.Ordinal))
            {
                try
                {
                    if (ReadFile(path) is { } cached && (network is null || cached.Network == network)) found.Add(cached);
                }
                catch (Exception exception) when (exception is CniException or IOException or UnauthorizedAccessException)
                {
                    // somebody else's, or gone in between
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CniException(CniErrorCode.IoFailure, $"{Results} cannot be read: {exception.Message}", innerException: exception);
        }

        return found;
    }

    /// <exception cref="CniException">The file cannot be removed.</exception>
    public void Remove(string network, CniAttachmentKey key)
    {
        try
        {
            File.Delete(Path.Combine(Results, NameOf(network, key)));
        }
        catch (DirectoryNotFoundException)
        {
            // nothing was ever cached
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CniException(
                CniErrorCode.IoFailure, $"The result cannot be removed from {Results}: {exception.Message}", innerException: exception);
        }
    }

    private static CniCachedAttachment? ReadFile(string path)
    {
        var cached = new JsonMembers(JsonText.ParseObject(CniFile.Read(path, MaxBytes), path), "", CniErrorCode.DecodingFailure);
        if (cached.Text("kind") != Kind) return null;
        if (cached.Text("networkName") is not { } network || cached.Text("containerId") is not { } container || cached.Text("ifName") is not { } name)
            return null;
        if (!CniNames.IsName(network) || !CniNames.IsName(container) || !CniNames.IsInterfaceName(name)) return null;
        var attachment = new CniAttachment(container, cached.Text("netns") ?? "", name)
        {
            Arguments = [.. ReadArguments(cached)],
            Capabilities = cached.Object("capabilityArgs")?.Source.DeepClone() as JsonObject,
        };
        return new CniCachedAttachment(network, attachment, ReadResult(cached.Object("result")?.Source));
    }

    private static IEnumerable<KeyValuePair<string, string>> ReadArguments(JsonMembers cached)
    {
        if (cached.Source["cniArgs"] is not JsonArray arguments) yield break;
        foreach (JsonNode? argument in arguments)
        {
            if (argument is JsonArray { Count: 2 } pair && pair[0] is JsonValue name && pair[1] is JsonValue value
                && name.TryGetValue(out string? nameText) && value.TryGetValue(out string? valueText))
            {
                yield return KeyValuePair.Create(nameText, valueText);
            }
        }
    }

    private static CniResult? ReadResult(JsonObject? json)
    {
        try
        {
            return json is null ? null : CniResult.Read(json);
        }
        catch (CniException)
        {
            return null;
        }
    }

    private static CniResult? ReadPlain(string path)
    {
        JsonObject json = JsonText.ParseObject(CniFile.Read(path, MaxBytes), path);
        return json.ContainsKey("cniVersion") ? CniResult.Read(json) : null;
    }

    private static string NameOf(string network, CniAttachmentKey key) => $"{network}-{key.ContainerId}-{key.InterfaceName}";

    private static void Forget(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The disk is full or read-only, which is what is reported.
        }
    }
}

using System.Text.Json;
using System.Text.Json.Nodes;
using Flannel.Cni;

namespace FlannelCni.Delegates;

/// <summary>
/// The delegates' configurations from ADD to DEL, a file per container as flannel's plugin has them: with them a DEL undoes what its ADD did,
/// whatever the agent has written since.
/// </summary>
internal sealed class StoredConfigs(string folder)
{
    public const string DefaultFolder = "/var/lib/cni/flannel";

    // What the delegate does not see. Files of flannel's plugin lack it.
    private const string InterfaceMember = "dotnet-flannel-ifname";
    private const string DefaultInterface = "eth0";
    private const int MaxBytes = 4 * 1024 * 1024;
    private const UnixFileMode FileMode600 = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <exception cref="CniException">It cannot be written (<see cref="CniErrorCode.IoFailure"/>).</exception>
    public void Write(CniAttachmentKey key, JsonObject config)
    {
        var stored = (JsonObject)config.DeepClone();
        stored[InterfaceMember] = key.InterfaceName;
        string temporary = Path.Combine(folder, $".{key.ContainerId}.new"); // no container is named so
        try
        {
            Directory.CreateDirectory(folder, FileMode600 | UnixFileMode.UserExecute);
            File.Delete(temporary);
            using (var file = new FileStream(
                temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = FileMode600 }))
            {
                using (var writer = new Utf8JsonWriter(file)) stored.WriteTo(writer);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, PathOf(key.ContainerId), overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CniException(
                CniErrorCode.IoFailure, $"What DEL needs cannot be kept in {folder}: {exception.Message}", innerException: exception);
        }
    }

    /// <summary>What an ADD left; <see langword="null"/> if there is nothing, or nothing that can be used.</summary>
    /// <exception cref="CniException">It cannot be read (<see cref="CniErrorCode.IoFailure"/>).</exception>
    public (JsonObject Config, string InterfaceName)? Read(string container)
    {
        string path = PathOf(container);
        try
        {
            if (new FileInfo(path) is not { Exists: true, Length: <= MaxBytes }) return null;
            if (JsonNode.Parse(CniFile.Read(path, MaxBytes)) is not JsonObject config) return null;
            string link = TextOf(config, InterfaceMember) is { } name && CniNames.IsInterfaceName(name) ? name : DefaultInterface;
            config.Remove(InterfaceMember);
            return TextOf(config, "type") is { } type && CniNames.IsPluginType(type) ? (config, link) : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or ArgumentException)
        {
            return null; // a file of a host that went down, or of somebody else
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CniException(
                CniErrorCode.IoFailure,
                $"{path} says how to detach the container, and cannot be read: {exception.Message}",
                innerException: exception);
        }
    }

    /// <exception cref="CniException">It cannot be removed (<see cref="CniErrorCode.IoFailure"/>).</exception>
    public void Remove(string container)
    {
        try
        {
            File.Delete(PathOf(container));
        }
        catch (DirectoryNotFoundException)
        {
            // nothing was ever stored
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CniException(CniErrorCode.IoFailure, $"{PathOf(container)} cannot be removed: {exception.Message}", innerException: exception);
        }
    }

    /// <summary>The containers of one network.</summary>
    /// <exception cref="CniException">The folder cannot be read (<see cref="CniErrorCode.IoFailure"/>).</exception>
    public IReadOnlyList<string> ContainersOf(string network)
    {
        try
        {
            return
            [
                .. (Directory.Exists(folder) ? Directory.EnumerateFiles(folder) : [])
                .Select(static path => Path.GetFileName(path))
                .Where(CniNames.IsName)
                    .Where(container => Read(container) is { } stored && TextOf(stored.Config, "name") == network).Order(StringComparer.Ordinal),
            ];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CniException(CniErrorCode.IoFailure, $"{folder} cannot be read: {exception.Message}", innerException: exception);
        }
    }

    private string PathOf(string container) => Path.Combine(folder, container);

    private static string? TextOf(JsonObject config, string name) =>
        config[name] is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}

using System.Collections;
using System.Text.Json.Nodes;
using Flannel.Cni.Host;
using Flannel.Cni.Json;
using Microsoft.Win32.SafeHandles;

namespace Flannel.Cni;

/// <summary>
/// Runs a <see cref="CniPlugin"/> for one request. No exception leaves it: what goes wrong is written as CNI says, with exit code 1.
/// </summary>
public sealed class CniPluginHost
{
    private const int MaxInput = 4 * 1024 * 1024;

    private readonly IReadOnlyDictionary<string, string> _environment;
    private readonly Stream _input;
    private readonly Stream _output;

    /// <summary>Makes one.</summary>
    /// <param name="environment">The environment variables.</param>
    /// <param name="input">What the runtime writes: the configuration.</param>
    /// <param name="output">What the runtime reads.</param>
    public CniPluginHost(IReadOnlyDictionary<string, string> environment, Stream input, Stream output)
    {
        _environment = environment;
        _input = input;
        _output = output;
    }

    /// <summary>Runs a plugin with the environment and the standard streams of this process. A program's <c>Main</c> is this one call.</summary>
    /// <param name="plugin">The plugin.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(CniPlugin plugin)
    {
        Dictionary<string, string> environment = new(StringComparer.Ordinal);
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables()) environment[(string)variable.Key] = (string?)variable.Value ?? "";
        try
        {
            using var input = new FileStream(new SafeFileHandle(0, ownsHandle: false), FileAccess.Read, bufferSize: 0);
            using var output = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
            return await new CniPluginHost(environment, input, output).RunAsync(plugin, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or ArgumentException or UnauthorizedAccessException)
        {
            return 1; // a standard stream is closed, so there is nobody to tell
        }
    }

    /// <summary>Runs a plugin.</summary>
    /// <param name="plugin">The plugin.</param>
    /// <param name="cancellationToken">Passed to the plugin.</param>
    /// <returns>The exit code: 0, or 1 if an error was written.</returns>
    public async Task<int> RunAsync(CniPlugin plugin, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plugin);
        string version = CniVersions.Latest;
        JsonObject? answer;
        int code = 0;
        try
        {
            string command = RequestReader.CommandOf(_environment);
            JsonObject? config = null;
            try
            {
                config = JsonText.ParseObject(ReadInput(), "The configuration on the standard input");
                if (config["cniVersion"] is JsonValue value && value.TryGetValue(out string? given) && CniVersions.IsKnown(given)) version = given;
            }
            catch (CniException) when (command == "VERSION")
            {
                // It may be asked for without a word.
            }

            answer = command == "VERSION"
                ? new JsonObject
                {
                    ["cniVersion"] = version,
                    ["supportedVersions"] = new JsonArray([.. plugin.SupportedVersions.Select(static one => (JsonNode)one)]),
                }
                : await RunAsync(
                    plugin, RequestReader.Read(command, _environment, config!, plugin.SupportedVersions), cancellationToken).ConfigureAwait(false);
        }
        catch (CniException exception)
        {
            code = 1;
            answer = ErrorOf(version, exception.Code, exception.Message, exception.Details);
        }
        catch (Exception exception)
        {
            // The plugin's own mistake. The runtime is told all there is; nobody else hears of it.
            code = 1;
            answer = ErrorOf(version, CniErrorCode.Internal, $"{exception.GetType().Name}: {exception.Message}", exception.StackTrace);
        }

        try
        {
            if (answer is not null) _output.Write(JsonText.ToBytes(answer));
            _output.Flush();
            return code;
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or UnauthorizedAccessException or NotSupportedException)
        {
            return 1; // nobody reads
        }
    }

    private static async Task<JsonObject?> RunAsync(CniPlugin plugin, CniRequest request, CancellationToken cancellationToken)
    {
        switch (request.Command)
        {
            case "ADD":
                return (await plugin.AddAsync(request, cancellationToken).ConfigureAwait(false)).ConvertTo(request.CniVersion).ToJson();
            case "DEL":
                await plugin.DeleteAsync(request, cancellationToken).ConfigureAwait(false);
                return null;
            case "CHECK":
                await plugin.CheckAsync(request, cancellationToken).ConfigureAwait(false);
                return null;
            case "GC":
                await plugin.CollectGarbageAsync(request, cancellationToken).ConfigureAwait(false);
                return null;
            default:
                await plugin.GetStatusAsync(request, cancellationToken).ConfigureAwait(false);
                return null;
        }
    }

    private ReadOnlySpan<byte> ReadInput()
    {
        try
        {
            byte[] bytes = new byte[16 * 1024];
            int length = 0;
            while (true)
            {
                int read = _input.Read(bytes, length, bytes.Length - length);
                if (read == 0) return bytes.AsSpan(0, length);
                length += read;
                if (length > MaxInput)
                    throw new CniException(CniErrorCode.DecodingFailure, $"The configuration on the standard input has more than {MaxInput} bytes.");
                if (length == bytes.Length) Array.Resize(ref bytes, length * 2);
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or UnauthorizedAccessException)
        {
            throw new CniException(
                CniErrorCode.DecodingFailure, $"The standard input cannot be read: {exception.Message}", innerException: exception);
        }
    }

    private static JsonObject ErrorOf(string version, CniErrorCode code, string message, string? details)
    {
        var json = new JsonObject
        {
            ["cniVersion"] = version,
            ["code"] = (int)(code == CniErrorCode.None ? CniErrorCode.Internal : code),
            ["msg"] = message,
        };
        if (details is not null) json["details"] = details;
        return json;
    }
}

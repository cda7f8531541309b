using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Flannel.Core.Json;

namespace Flannel.Cni.Json;

/// <summary>JSON text of others, read with one kind of failure.</summary>
internal static class JsonText
{
    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false, MaxDepth = 64 };

    /// <summary>Reads one object.</summary>
    /// <param name="json">The text, in UTF-8.</param>
    /// <param name="what">What it is, as the beginning of a sentence.</param>
    /// <exception cref="CniException">It is no JSON object (<see cref="CniErrorCode.DecodingFailure"/>).</exception>
    public static JsonObject ParseObject(ReadOnlySpan<byte> json, string what)
    {
        try
        {
            JsonObject found = JsonNode.Parse(json, documentOptions: Options) as JsonObject
                ?? throw new CniException(CniErrorCode.DecodingFailure, $"{what} is no JSON object.");
            Decode(found);
            return found;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            string trouble = exception is JsonException place ? JsonTrouble.Describe(json, place) : exception.Message;
            throw new CniException(CniErrorCode.DecodingFailure, $"{what} is no JSON: {trouble}", innerException: exception);
        }
    }

    /// <summary>JSON as UTF-8, without white space.</summary>
    public static byte[] ToBytes(JsonNode json)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer)) json.WriteTo(writer);
        return buffer.WrittenSpan.ToArray();
    }

    // Text that is no UTF-8, or half of a surrogate pair, is found when somebody reads it. So everything is read once, here.
    private static void Decode(JsonNode? node)
    {
        if (node is JsonObject members)
        {
            foreach ((_, JsonNode? value) in members) Decode(value);
        }
        else if (node is JsonArray entries)
        {
            foreach (JsonNode? entry in entries) Decode(entry);
        }
        else if (node?.GetValueKind() == JsonValueKind.String)
        {
            _ = node.GetValue<string>();
        }
    }
}

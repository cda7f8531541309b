using System.Text.Json.Serialization;

namespace CustomStore;

/// <summary>What stands in the file.</summary>
internal sealed class JsonFileContent
{
    public long Revision { get; set; }

    public SortedDictionary<string, JsonFileRow> Rows { get; set; } = new(StringComparer.Ordinal);
}

/// <summary>One row; the document is written in base 64, so that any bytes will do.</summary>
internal sealed record JsonFileRow(byte[] Value, long CreateRevision, long ModRevision, DateTimeOffset? Expires);

[JsonSourceGenerationOptions(WriteIndented = true)]
[JsonSerializable(typeof(JsonFileContent))]
internal sealed partial class JsonFileContext : JsonSerializerContext;

using System.Text.Json;
using System.Text.Json.Serialization;

namespace Orchestrator.Reporting;

/// <summary>Writes the report as one JSON document.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(Report))]
internal sealed partial class JsonReport : JsonSerializerContext
{
    public static string Write(Report report) => JsonSerializer.Serialize(report, Default.Report);
}

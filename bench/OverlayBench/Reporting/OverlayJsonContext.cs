using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OverlayBench.Reporting;

[JsonSerializable(typeof(OverlayDocument))]
internal sealed partial class OverlayJsonContext : JsonSerializerContext
{
    public static OverlayJsonContext Readable { get; } = new(new JsonSerializerOptions
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, // nothing got through: there is no percentile
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // µ stays as it is
    });
}

using System.Text.Json.Serialization;

namespace Flannel.Backends.Vxlan;

[JsonSourceGenerationOptions(PropertyNameCaseInsensitive = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, MaxDepth = 8)]
[JsonSerializable(typeof(VxlanLeaseDocument))]
internal sealed partial class VxlanJsonContext : JsonSerializerContext;

using System.Text.Json.Serialization;

namespace Flannel.Backends.Udp;

[JsonSourceGenerationOptions(PropertyNameCaseInsensitive = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, MaxDepth = 8)]
[JsonSerializable(typeof(UdpLeaseDocument))]
internal sealed partial class UdpJsonContext : JsonSerializerContext;

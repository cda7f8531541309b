using System.Text.Json.Serialization;

namespace Flannel.Backends.Vxlan;

/// <summary>The JSON shape of <see cref="VxlanLeaseData"/>; the order of the members is the order on the wire.</summary>
internal sealed class VxlanLeaseDocument
{
    [JsonPropertyName("VNI")]
    public int? Vni { get; set; }

    [JsonPropertyName("VtepMAC")]
    public string? VtepMac { get; set; }
}

using System.Text.Json.Serialization;

namespace Flannel.Backends.Udp;

/// <summary>The JSON shape of <see cref="UdpLeaseData"/>.</summary>
internal sealed class UdpLeaseDocument
{
    [JsonPropertyName("Port")]
    public int? Port { get; set; }
}

using System.Diagnostics.CodeAnalysis;
using System.Net.NetworkInformation;
using System.Text.Json;
using Flannel.Backends.Vxlan.Devices;
using Flannel.Extensibility;

namespace Flannel.Backends.Vxlan;

/// <summary>What a VXLAN node publishes per address family: <c>{"VNI":1,"VtepMAC":"c6:d2:32:6f:8f:44"}</c>.</summary>
/// <param name="Vni">The VXLAN network identifier; nodes of old releases publish none.</param>
/// <param name="VtepMac">The MAC of the node's device.</param>
internal sealed record VxlanLeaseData(int? Vni, PhysicalAddress VtepMac)
{
    /// <summary>Writes the document byte for byte as flannel does.</summary>
    public string ToJson() =>
        JsonSerializer.Serialize(
            new VxlanLeaseDocument { Vni = Vni, VtepMac = MacAddress.Format(VtepMac) },
            VxlanJsonContext.Default.VxlanLeaseDocument);

    /// <summary>Reads a peer's document; keys in any case, unknown ones ignored.</summary>
    /// <param name="json">The document, or <see langword="null"/> if the peer publishes none.</param>
    /// <param name="data">What it says.</param>
    /// <param name="reason">Why it cannot be used.</param>
    public static bool TryParse(string? json, [NotNullWhen(true)] out VxlanLeaseData? data, [NotNullWhen(false)] out string? reason)
    {
        data = null;
        reason = null;
        VxlanLeaseDocument? document;
        try
        {
            document = json is null ? null : JsonSerializer.Deserialize(json, VxlanJsonContext.Default.VxlanLeaseDocument);
        }
        catch (JsonException exception)
        {
            reason = $"is not an object such as {{\"VNI\":1,\"VtepMAC\":\"c6:d2:32:6f:8f:44\"}} (at {VisibleText.Of(exception.Path ?? "", 80)})";
            return false;
        }

        string text = VisibleText.Of(document?.VtepMac ?? "", 80);
        if (document is null) reason = "is missing";
        else if (!MacAddress.TryParse(document.VtepMac, out PhysicalAddress? mac)) reason = $"has the VtepMAC '{text}', which is no MAC";
        else if (!MacAddress.IsUsable(mac)) reason = $"has the VtepMAC {text}, which is zero or a multicast address";
        else data = new VxlanLeaseData(document.Vni, mac);
        return data is not null;
    }
}

using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Flannel.Extensibility;

namespace Flannel.Backends.Udp;

/// <summary>
/// What one of our nodes publishes as its data for IPv6: <c>{"Port":8285}</c>. flannel's udp publishes no data at all and carries no IPv6, so the
/// member's presence tells the two apart; flannel ignores it. For IPv4 nothing is published, exactly as flannel does.
/// </summary>
/// <param name="Port">The UDP port at which the node takes IPv6 packets.</param>
internal sealed record UdpLeaseData(int Port)
{
    /// <summary>Writes the document.</summary>
    public string ToJson() => JsonSerializer.Serialize(new UdpLeaseDocument { Port = Port }, UdpJsonContext.Default.UdpLeaseDocument);

    /// <summary>Reads a peer's document; keys in any case, unknown ones ignored.</summary>
    /// <param name="json">The document, or <see langword="null"/> if the peer publishes none.</param>
    /// <param name="data">What it says.</param>
    /// <param name="reason">Why it cannot be used.</param>
    public static bool TryParse(string? json, [NotNullWhen(true)] out UdpLeaseData? data, [NotNullWhen(false)] out string? reason)
    {
        (data, reason) = (null, null);
        UdpLeaseDocument? document;
        try
        {
            document = json is null ? null : JsonSerializer.Deserialize(json, UdpJsonContext.Default.UdpLeaseDocument);
        }
        catch (JsonException exception)
        {
            reason = $"is not an object such as {{\"Port\":8285}} (at {VisibleText.Of(exception.Path ?? "", 80)})";
            return false;
        }

        if (document is null) reason = "is missing";
        else if (document.Port is not (> 0 and <= ushort.MaxValue)) reason = $"has the Port {document.Port}, which is no UDP port";
        else data = new UdpLeaseData(document.Port.Value);
        return data is not null;
    }
}

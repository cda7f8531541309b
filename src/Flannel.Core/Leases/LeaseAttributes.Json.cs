using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Flannel.Core.Addressing;
using Flannel.Core.Json;

namespace Flannel;

public sealed partial record LeaseAttributes
{
    private const int MaxDepth = 8;
    private const int MaxBytes = 16 * 1024;

    private static readonly string[] Members =
        [nameof(PublicIP), nameof(PublicIPv6), nameof(BackendType), nameof(BackendData), nameof(BackendV6Data)];

    /// <summary>
    /// Reads a lease document. As in flannel, keys match whatever their case, unknown keys are ignored, the last of equal keys counts, and
    /// <c>PublicIP</c> may be absent but not <c>null</c> or empty. A document above 16 KiB or nested more than eight deep is refused.
    /// </summary>
    /// <param name="utf8Json">The document.</param>
    /// <exception cref="FormatException">The document breaks a rule; the message says which one and what was found.</exception>
    public static LeaseAttributes Parse(ReadOnlyMemory<byte> utf8Json) =>
        TryParse(utf8Json, out LeaseAttributes? attributes, out string? reason) ? attributes : throw new FormatException(reason);

    /// <summary>Reads a lease document and tells why it is refused, without an exception.</summary>
    internal static bool TryParse(
        ReadOnlyMemory<byte> utf8Json,
        [NotNullWhen(true)] out LeaseAttributes? attributes,
        [NotNullWhen(false)] out string? reason)
    {
        attributes = null;
        reason = utf8Json.Length > MaxBytes ? $"the document has {utf8Json.Length} bytes, {MaxBytes} are allowed"
            : !Utf8.IsValid(utf8Json.Span) ? "the document is not UTF-8"
            : null;
        if (reason is not null)
        {
            return false;
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(utf8Json, new JsonDocumentOptions { MaxDepth = MaxDepth });
            attributes = document.RootElement.ValueKind == JsonValueKind.Object
                ? Read(document.RootElement, out reason)
                : Refuse(out reason, $"the document is {GoJson.Excerpt(document.RootElement)}, not a JSON object");
            return reason is null && attributes is not null;
        }
        catch (JsonException e)
        {
            reason = $"the document is not JSON of at most {MaxDepth} levels: {JsonTrouble.Describe(utf8Json.Span, e)}";
            return false;
        }
    }

    /// <summary>Writes the document byte for byte as flannel does: this order of members, no white space, <c>PublicIP</c> always a string.</summary>
    public string ToJson()
    {
        var text = new StringBuilder(160);
        text.Append("{\"PublicIP\":\"").Append(AddressText.Format(PublicIP ?? IPAddress.Any)).Append("\",\"PublicIPv6\":");
        if (PublicIPv6 is null)
        {
            text.Append("null");
        }
        else
        {
            text.Append('"').Append(AddressText.Format(PublicIPv6)).Append('"');
        }

        if (BackendType is not null)
        {
            text.Append(",\"BackendType\":");
            GoJson.AppendString(text, BackendType);
        }

        if (BackendData is not null)
        {
            text.Append(",\"BackendData\":").Append(BackendData);
        }

        if (BackendV6Data is not null)
        {
            text.Append(",\"BackendV6Data\":").Append(BackendV6Data);
        }

        return text.Append('}').ToString();
    }

    /// <summary>Writes the document as <see cref="ToJson"/> does, in UTF-8.</summary>
    /// <exception cref="InvalidOperationException">The document is larger than peers accept, because of the backend's data.</exception>
    public byte[] ToUtf8Json()
    {
        byte[] document = Encoding.UTF8.GetBytes(ToJson());
        return document.Length <= MaxBytes
            ? document
            : throw new InvalidOperationException(
                $"The lease document has {document.Length} bytes, peers accept {MaxBytes}; publish less backend data.");
    }

    private static LeaseAttributes? Read(JsonElement document, out string? reason)
    {
        IPAddress? publicIp = null;
        IPAddress? publicIPv6 = null;
        string? type = null;
        string? data = null;
        string? v6Data = null;
        foreach (JsonProperty member in document.EnumerateObject())
        {
            JsonElement value = member.Value;
            bool isNull = value.ValueKind == JsonValueKind.Null;
            switch (GoJson.FindName(member, Members))
            {
                case nameof(PublicIP) when !TryReadAddress(value, AddressFamily.InterNetwork, out publicIp):
                    return Refuse(out reason, $"PublicIP is {GoJson.Excerpt(value)}, not an IPv4 address");
                case nameof(PublicIPv6) when isNull:
                    publicIPv6 = null;
                    break;
                case nameof(PublicIPv6) when !TryReadAddress(value, AddressFamily.InterNetworkV6, out publicIPv6):
                    return Refuse(out reason, $"PublicIPv6 is {GoJson.Excerpt(value)}, not an IPv6 address or null");
                case nameof(BackendType) when !isNull:
                    type = GoJson.StringOf(value);
                    if (type is null)
                    {
                        return Refuse(out reason, $"BackendType is {GoJson.Excerpt(value)}, not a string");
                    }

                    break;
                case nameof(BackendData):
                    data = GoJson.Compact(value.GetRawText());
                    break;
                case nameof(BackendV6Data):
                    v6Data = GoJson.Compact(value.GetRawText());
                    break;
            }
        }

        reason = null;
        return new LeaseAttributes
        {
            PublicIP = publicIp,
            PublicIPv6 = publicIPv6,
            BackendType = type,
            _backendData = data, // JSON of at most seven levels, as a part of the document
            _backendV6Data = v6Data,
        };
    }

    private static LeaseAttributes? Refuse(out string? reason, string why)
    {
        reason = why;
        return null;
    }

    private static bool TryReadAddress(JsonElement value, AddressFamily family, out IPAddress? address)
    {
        bool valid = AddressText.TryParse(GoJson.StringOf(value), family, out UInt128 number);
        address = valid ? AddressText.ToAddress(number, family) : null;
        return valid;
    }
}

using System.Buffers;
using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Flannel.Core.Addressing;
using Flannel.Core.Configuration;

namespace Flannel;

public sealed partial record NetworkConfig
{
    /// <summary>
    /// Reads and validates a document. As in flannel, keys match whatever their case, unknown keys are ignored, the last of equal keys counts,
    /// and the host bits of ranges are cleared.
    /// </summary>
    /// <param name="utf8Json">The document.</param>
    /// <param name="source">Where it was read from, for the message; for example <c>etcd key /coreos.com/network/config</c>.</param>
    /// <returns>The configuration with its defaults filled in.</returns>
    /// <exception cref="NetworkConfigException">The document breaks rules; the exception lists every problem.</exception>
    public static NetworkConfig Parse(ReadOnlySpan<byte> utf8Json, string source)
    {
        var problems = new ConfigProblems();
        return NetworkConfigReader.Read(utf8Json, problems).Complete(problems, source);
    }

    /// <summary>Reads and validates a document, as <see cref="Parse(ReadOnlySpan{byte}, string)"/> does.</summary>
    /// <param name="json">The document.</param>
    /// <param name="source">Where it was read from, for the message.</param>
    /// <returns>The configuration with its defaults filled in.</returns>
    /// <exception cref="NetworkConfigException">The document breaks rules; the exception lists every problem.</exception>
    public static NetworkConfig Parse(string json, string source)
    {
        ArgumentNullException.ThrowIfNull(json);
        return Parse(Encoding.UTF8.GetBytes(json), source);
    }

    /// <summary>
    /// Finds the keys of a document that mean nothing to Flannel, such as misspelled ones. They are ignored, as by flannel; but a misspelled key is
    /// not what its author meant.
    /// </summary>
    /// <param name="utf8Json">The document. One that is no JSON object has no unknown keys.</param>
    /// <returns>The keys in quotes, at most eight.</returns>
    public static IReadOnlyList<string> FindUnknownKeys(ReadOnlyMemory<byte> utf8Json) => NetworkConfigReader.FindUnknownKeys(utf8Json);

    /// <summary>
    /// Validates the configuration and writes it with flannel's keys on one line, without what is at its default. Reading the text again gives
    /// the configuration that <see cref="Validate"/> returns.
    /// </summary>
    /// <exception cref="NetworkConfigException">The configuration breaks rules, so that no node could use the document.</exception>
    public string ToJson()
    {
        NetworkConfig complete = Validate();
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            WriteUnless(writer, true, nameof(EnableIPv4), EnableIPv4);
            WriteUnless(writer, false, nameof(EnableIPv6), EnableIPv6);
            WriteUnless(writer, false, nameof(EnableNFTables), EnableNFTables);
            Write(writer, FamilyRules.IPv4, EnableIPv4 ? FamilyRules.IPv4.WithoutDefaults(complete.IPv4Settings) : IPv4Settings);
            Write(writer, FamilyRules.IPv6, EnableIPv6 ? FamilyRules.IPv6.WithoutDefaults(complete.IPv6Settings) : IPv6Settings);
            if (Backend is not null)
            {
                writer.WritePropertyName(BackendBlock.Key);
                writer.WriteRawValue(Backend);
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void WriteUnless(Utf8JsonWriter writer, bool usual, string key, bool value)
    {
        if (value != usual)
        {
            writer.WriteBoolean(key, value);
        }
    }

    private static void Write(Utf8JsonWriter writer, FamilyRules rules, FamilySettings settings)
    {
        if (settings.Network is { } network)
        {
            writer.WriteString(rules.NetworkKey, new Subnet(network).ToString());
        }

        if (settings.SubnetLength != 0)
        {
            writer.WriteNumber(rules.LengthKey, settings.SubnetLength);
        }

        Write(writer, rules.MinKey, settings.SubnetMin);
        Write(writer, rules.MaxKey, settings.SubnetMax);
    }

    private static void Write(Utf8JsonWriter writer, string key, IPAddress? address)
    {
        if (address is not null)
        {
            writer.WriteString(key, AddressText.Format(address));
        }
    }
}

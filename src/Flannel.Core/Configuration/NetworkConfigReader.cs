using System.Net;
using System.Text.Json;
using System.Text.Unicode;
using Flannel.Core.Addressing;
using Flannel.Core.Configuration.BackendBlocks;
using Flannel.Core.Json;

namespace Flannel.Core.Configuration;

/// <summary>Takes the members of a network configuration document, each as far as it can be judged alone.</summary>
internal sealed class NetworkConfigReader
{
    public const int MaxDepth = 64;

    // As many as anybody reads.
    private const int MaxUnknownKeys = 8;

    /// <summary>Every key, in the order in which problems are reported; the document as a whole comes before all keys.</summary>
    public static readonly string[] Keys =
    [
        nameof(NetworkConfig.EnableIPv4),
        nameof(NetworkConfig.EnableIPv6),
        nameof(NetworkConfig.EnableNFTables),
        FamilyRules.IPv4.NetworkKey,
        FamilyRules.IPv4.LengthKey,
        FamilyRules.IPv4.MinKey,
        FamilyRules.IPv4.MaxKey,
        FamilyRules.IPv6.NetworkKey,
        FamilyRules.IPv6.LengthKey,
        FamilyRules.IPv6.MinKey,
        FamilyRules.IPv6.MaxKey,
        BackendBlock.Key,
        BackendBlock.TypeKey,
    ];

    private readonly Dictionary<string, JsonElement> _members = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConfigProblems _problems;

    private NetworkConfigReader(ConfigProblems problems) => _problems = problems;

    /// <summary>Whether a document's member is a key of a configuration, in whatever case.</summary>
    public static bool IsKey(string name) => name != BackendBlock.TypeKey && Keys.Contains(name, StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// The members of a document that are no keys of a configuration. flannel ignores them, so they are no problems; but a misspelled key is not what
    /// its author meant.
    /// </summary>
    /// <param name="document">The document, or <see langword="null"/> if there is none. One that is no JSON object has no unknown keys.</param>
    public static IReadOnlyList<string> FindUnknownKeys(ReadOnlyMemory<byte>? document)
    {
        if (document is not { } bytes || !Utf8.IsValid(bytes.Span)) return [];
        try
        {
            using JsonDocument json = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = MaxDepth });
            if (json.RootElement.ValueKind != JsonValueKind.Object) return [];
            JsonProperty[] members = [.. json.RootElement.EnumerateObject()];
            IEnumerable<string> unknown = members.Select(GoJson.NameOf).Where(static name => !IsKey(name));
            JsonProperty block = members.LastOrDefault(
                static member => GoJson.NameOf(member).Equals(BackendBlock.Key, StringComparison.OrdinalIgnoreCase));
            if (block.Value.ValueKind == JsonValueKind.Object)
            {
                unknown = unknown.Concat(BackendBlockRules.FindUnknownKeys(new NetworkConfig { Backend = block.Value.GetRawText() })
                    .Select(static name => $"{BackendBlock.Key}.{name}"));
            }

            return [.. unknown.Distinct(StringComparer.Ordinal).Take(MaxUnknownKeys).Select(static name => GoJson.Excerpt(name))];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    /// <summary>Reads a document. What comes back is not validated; what could not be read is listed in the problems.</summary>
    public static NetworkConfig Read(ReadOnlySpan<byte> utf8Json, ConfigProblems problems)
    {
        if (!Utf8.IsValid(utf8Json))
        {
            problems.AddMissing("", JsonTrouble.IsUtf16(utf8Json) ? JsonTrouble.Utf16 : "UTF-8 text is expected");
            return new NetworkConfig();
        }

        bool isRead = false;
        try
        {
            var reader = new Utf8JsonReader(utf8Json, new JsonReaderOptions { MaxDepth = MaxDepth });
            using JsonDocument document = JsonDocument.ParseValue(ref reader);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                problems.Add("", GoJson.Excerpt(document.RootElement), "a JSON object is expected");
                return new NetworkConfig();
            }

            isRead = true;
            _ = reader.Read(); // throws if anything follows
            return new NetworkConfigReader(problems).Read(document.RootElement);
        }
        catch (JsonException error)
        {
            string what = isRead ? "there is more behind the end of the object" : JsonTrouble.Describe(utf8Json, error);
            problems.AddMissing("", $"{what}; one JSON object is expected");
            return new NetworkConfig();
        }
    }

    private NetworkConfig Read(JsonElement document)
    {
        foreach (JsonProperty member in document.EnumerateObject())
        {
            string name = GoJson.NameOf(member);

            // Go leaves a number or boolean as it is when it meets null, so an earlier one of the same name stays in force.
            if (member.Value.ValueKind != JsonValueKind.Null || !IsUntouchedByNull(name))
            {
                _members[name] = member.Value;
            }
        }

        FamilySettings ipv4 = ReadFamily(FamilyRules.IPv4, nullBounds: false);
        FamilySettings ipv6 = ReadFamily(FamilyRules.IPv6, nullBounds: true);
        return new NetworkConfig
        {
            EnableIPv4 = ReadBoolean(nameof(NetworkConfig.EnableIPv4), true),
            EnableIPv6 = ReadBoolean(nameof(NetworkConfig.EnableIPv6), false),
            EnableNFTables = ReadBoolean(nameof(NetworkConfig.EnableNFTables), false),
            Network = ipv4.Network,
            SubnetLength = ipv4.SubnetLength,
            SubnetMin = ipv4.SubnetMin,
            SubnetMax = ipv4.SubnetMax,
            IPv6Network = ipv6.Network,
            IPv6SubnetLength = ipv6.SubnetLength,
            IPv6SubnetMin = ipv6.SubnetMin,
            IPv6SubnetMax = ipv6.SubnetMax,
            Backend = _members.TryGetValue(BackendBlock.Key, out JsonElement backend) ? backend.GetRawText() : null,
        };
    }

    private static bool IsUntouchedByNull(string name) =>
        name.StartsWith("Enable", StringComparison.OrdinalIgnoreCase) || name.EndsWith("SubnetLen", StringComparison.OrdinalIgnoreCase);

    private FamilySettings ReadFamily(FamilyRules rules, bool nullBounds) => new(
        ReadNetwork(rules),
        ReadLength(rules.LengthKey),
        ReadAddress(rules, rules.MinKey, nullBounds),
        ReadAddress(rules, rules.MaxKey, nullBounds));

    private bool ReadBoolean(string key, bool usual)
    {
        if (!_members.TryGetValue(key, out JsonElement value))
        {
            return usual;
        }

        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return value.ValueKind == JsonValueKind.True;
        }

        _problems.Add(key, GoJson.Excerpt(value), "true or false, without quotes");
        return usual;
    }

    private int ReadLength(string key)
    {
        if (!_members.TryGetValue(key, out JsonElement value))
        {
            return 0;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetUInt32(out uint number))
        {
            return (int)Math.Min(number, int.MaxValue);
        }

        _problems.Add(key, GoJson.Excerpt(value), "a whole number, without quotes");
        return 0;
    }

    private IPNetwork? ReadNetwork(FamilyRules rules)
    {
        if (!_members.TryGetValue(rules.NetworkKey, out JsonElement value))
        {
            return null;
        }

        if (AddressText.TryParseCidr(GoJson.StringOf(value), rules.Family, out Subnet network))
        {
            return network.ToNetwork();
        }

        _problems.Add(rules.NetworkKey, GoJson.Excerpt(value), rules.NetworkForm);
        return null;
    }

    private IPAddress? ReadAddress(FamilyRules rules, string key, bool nullIsAbsent)
    {
        if (!_members.TryGetValue(key, out JsonElement value) || (nullIsAbsent && value.ValueKind == JsonValueKind.Null))
        {
            return null;
        }

        if (AddressText.TryParse(GoJson.StringOf(value), rules.Family, out UInt128 address))
        {
            return AddressText.ToAddress(address, rules.Family);
        }

        _problems.Add(key, GoJson.Excerpt(value), rules.AddressForm);
        return null;
    }
}

using System.Globalization;
using System.Text.Json;

namespace Flannel.Backends.Vxlan;

/// <summary>
/// The network configuration's <c>Backend</c> block of type vxlan. Keys are read in any case, unknown ones ignored, as flannel does.
/// </summary>
internal sealed record VxlanNetworkConfig
{
    /// <summary>The smallest MTU (RFC 791: 68 bytes) plus the overhead of VXLAN over IPv4.</summary>
    private const int MinimumMtu = 68 + VxlanOverhead.IPv4;

    /// <summary>The smallest MTU that carries IPv6 (RFC 8200: 1280 bytes) plus the overhead of VXLAN over IPv6.</summary>
    private const int MinimumMtuIPv6 = 1280 + VxlanOverhead.IPv6;

    private const int DefaultPort = 8472;
    private const int MaximumVni = 0xFFFFFF;
    private const int MaximumPacket = ushort.MaxValue;

    /// <summary>The VXLAN network identifier. Default 1.</summary>
    public int Vni { get; private init; } = 1;

    /// <summary>The UDP port. Default, and the meaning of 0: the kernel's own, 8472.</summary>
    public int Port { get; private init; } = DefaultPort;

    /// <summary>The largest outer packet in bytes; 0 (default) takes the external interface's MTU.</summary>
    public int Mtu { get; private init; }

    /// <summary>Whether the Group Based Policy extension is on.</summary>
    public bool Gbp { get; private init; }

    /// <summary>Whether the device learns remote MACs from received packets.</summary>
    public bool Learning { get; private init; }

    /// <summary>Whether peers on the same network are reached by plain routes instead of the tunnel.</summary>
    public bool DirectRouting { get; private init; }

    /// <summary>Reads the block of a network configuration.</summary>
    /// <exception cref="NetworkConfigException">Types or ranges are wrong; all of them are listed.</exception>
    public static VxlanNetworkConfig Parse(NetworkConfig config)
    {
        if (config.Backend is null) return new VxlanNetworkConfig();
        var problems = new List<NetworkConfigProblem>();
        using JsonDocument document = JsonDocument.Parse(config.Backend);
        var members = new Dictionary<string, JsonElement>(StringComparer.OrdinalIgnoreCase);
        foreach (JsonProperty member in document.RootElement.EnumerateObject())
        {
            // flannel's parser takes the last of several, and null for absent.
            if (member.Value.ValueKind != JsonValueKind.Null) members[member.Name] = member.Value;
        }

        int minimumMtu = config.EnableIPv6 ? MinimumMtuIPv6 : MinimumMtu;
        var result = new VxlanNetworkConfig
        {
            Vni = Number("VNI", 1, static value => value is >= 0 and <= MaximumVni, $"a number from 0 to {MaximumVni}"),
            Port = Number("Port", 0, static value => value is >= 0 and <= ushort.MaxValue, "a number from 0 (the kernel's default, 8472) to 65535"),
            Mtu = Number(
                "MTU",
                0,
                value => value == 0 || (value >= minimumMtu && value <= MaximumPacket),
                $"0 (the external interface's MTU) or a number from {minimumMtu} to {MaximumPacket}"),
            Gbp = Truth("GBP"),
            Learning = Truth("Learning"),
            DirectRouting = Truth("DirectRouting"),
        };
        if (result.Port == 0) result = result with { Port = DefaultPort };
        return problems.Count == 0 ? result : throw new NetworkConfigException("the Backend block of type vxlan", problems);

        int Number(string key, int absent, Func<int, bool> isAllowed, string allowed)
        {
            if (!members.TryGetValue(key, out JsonElement element)) return absent;
            if (element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out int value) && isAllowed(value)) return value;
            Refuse(key, element, allowed);
            return absent;
        }

        bool Truth(string key)
        {
            if (!members.TryGetValue(key, out JsonElement element)) return false;
            if (element.ValueKind is JsonValueKind.True or JsonValueKind.False) return element.GetBoolean();
            Refuse(key, element, "true or false");
            return false;
        }

        void Refuse(string key, JsonElement element, string allowed) =>
            problems.Add(new NetworkConfigProblem(string.Create(CultureInfo.InvariantCulture, $"Backend.{key}"), element.GetRawText(), allowed));
    }
}

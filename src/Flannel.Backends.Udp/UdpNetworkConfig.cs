using System.Text.Json;

namespace Flannel.Backends.Udp;

/// <summary>
/// The network configuration's <c>Backend</c> block of type udp. Keys are read in any case, unknown ones ignored, as flannel does.
/// </summary>
internal sealed record UdpNetworkConfig
{
    private const int DefaultPort = 8285;

    /// <summary>The UDP port, the same on all hosts. Default 8285.</summary>
    public int Port { get; private init; } = DefaultPort;

    /// <summary>Reads the block of a network configuration.</summary>
    /// <exception cref="NetworkConfigException">The port is no port.</exception>
    public static UdpNetworkConfig Parse(NetworkConfig config)
    {
        if (config.Backend is null) return new UdpNetworkConfig();
        using JsonDocument document = JsonDocument.Parse(config.Backend);
        JsonElement? port = null;
        foreach (JsonProperty member in document.RootElement.EnumerateObject())
        {
            // flannel's parser takes the last of several, and null for absent.
            if (member.Name.Equals("Port", StringComparison.OrdinalIgnoreCase) && member.Value.ValueKind != JsonValueKind.Null) port = member.Value;
        }

        if (port is not { } element) return new UdpNetworkConfig();
        if (element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out int value) && value is > 0 and <= ushort.MaxValue)
            return new UdpNetworkConfig { Port = value };
        throw new NetworkConfigException(
            "the Backend block of type udp", [new NetworkConfigProblem("Backend.Port", element.GetRawText(), $"a number from 1 to {ushort.MaxValue}")]);
    }
}

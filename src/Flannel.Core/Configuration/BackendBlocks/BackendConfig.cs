using System.Text;

namespace Flannel;

/// <summary>
/// The <c>Backend</c> block of a network configuration, typed: <see cref="VxlanBackendConfig"/>, <see cref="UdpBackendConfig"/>,
/// <see cref="HostGatewayBackendConfig"/> or <see cref="AllocBackendConfig"/>. Blocks of other backends are JSON text in
/// <see cref="NetworkConfig.Backend"/>.
/// </summary>
/// <example><c>config with { Backend = new VxlanBackendConfig { Vni = 7 }.ToJson() }</c></example>
public abstract record BackendConfig
{
    private protected BackendConfig()
    {
    }

    /// <summary>The backend's name, as it stands in the block.</summary>
    public abstract string Type { get; }

    /// <summary>
    /// Members of the block that was read which mean nothing to this backend on Linux (such as <c>MacPrefix</c>), as a JSON object;
    /// <see langword="null"/> if there were none. They are written back as they were.
    /// </summary>
    public string? OtherKeys { get; internal init; }

    /// <summary>
    /// Writes the block with flannel's keys in flannel's order, without what is at its default. The values are not checked here, but by
    /// <c>IFlannelAdministration</c> before it writes, and by every node.
    /// </summary>
    public string ToJson()
    {
        var text = new StringBuilder("{\"Type\":\"").Append(Type).Append('"');
        foreach ((string key, string value) in Members) text.Append(",\"").Append(key).Append("\":").Append(value);
        if (OtherKeys is not null) text.Append(',').Append(OtherKeys.AsSpan(1, OtherKeys.Length - 2));
        return text.Append('}').ToString();
    }

    /// <summary>What is not at its default, in flannel's order.</summary>
    private protected abstract IEnumerable<(string Key, string Json)> Members { get; }
}

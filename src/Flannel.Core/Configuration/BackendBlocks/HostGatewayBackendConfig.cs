using Flannel.Core.Configuration.BackendBlocks;

namespace Flannel;

/// <summary>
/// The <c>Backend</c> block of type host-gw: every host is the gateway of its subnet, one plain route per peer. There is nothing to choose.
/// </summary>
public sealed record HostGatewayBackendConfig : BackendConfig
{
    private const string TypeName = "host-gw";

    /// <inheritdoc />
    public override string Type => TypeName;

    /// <summary>Reads the block of a network configuration.</summary>
    /// <param name="config">The configuration.</param>
    /// <exception cref="NetworkConfigException">The block is of another type.</exception>
    public static HostGatewayBackendConfig Parse(NetworkConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        var reader = new BackendBlockReader(config, TypeName);
        reader.ThrowIfAny();
        return new HostGatewayBackendConfig { OtherKeys = reader.Others };
    }

    private protected override IEnumerable<(string Key, string Json)> Members => [];
}

using Flannel.Core.Configuration.BackendBlocks;

namespace Flannel;

/// <summary>The <c>Backend</c> block of type alloc: hosts lease subnets, and somebody else carries the packets. There is nothing to choose.</summary>
public sealed record AllocBackendConfig : BackendConfig
{
    private const string TypeName = "alloc";

    /// <inheritdoc />
    public override string Type => TypeName;

    /// <summary>Reads the block of a network configuration.</summary>
    /// <param name="config">The configuration.</param>
    /// <exception cref="NetworkConfigException">The block is of another type.</exception>
    public static AllocBackendConfig Parse(NetworkConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        var reader = new BackendBlockReader(config, TypeName);
        reader.ThrowIfAny();
        return new AllocBackendConfig { OtherKeys = reader.Others };
    }

    private protected override IEnumerable<(string Key, string Json)> Members => [];
}

using System.Globalization;
using Flannel.Core.Configuration.BackendBlocks;

namespace Flannel;

/// <summary>The <c>Backend</c> block of type udp: what all hosts of the network must agree on.</summary>
public sealed record UdpBackendConfig : BackendConfig
{
    /// <summary>The UDP port when none is named.</summary>
    public const int DefaultPort = 8285;

    private const string TypeName = "udp";

    /// <inheritdoc />
    public override string Type => TypeName;

    /// <summary>The UDP port, the same on all hosts, 1 to 65535. Default <see cref="DefaultPort"/>. JSON key <c>Port</c>.</summary>
    public int Port { get; init; } = DefaultPort;

    /// <summary>Reads the block of a network configuration; one without a block is of type udp.</summary>
    /// <param name="config">The configuration.</param>
    /// <exception cref="NetworkConfigException">The block is of another type, or the port is no port.</exception>
    public static UdpBackendConfig Parse(NetworkConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        UdpBackendConfig block = Read(config, out BackendBlockReader reader);
        reader.ThrowIfAny();
        return block;
    }

    internal static UdpBackendConfig Read(NetworkConfig config, out BackendBlockReader reader)
    {
        reader = new BackendBlockReader(config, TypeName);
        var block = new UdpBackendConfig
        {
            Port = reader.Number("Port", DefaultPort, static value => value is > 0 and <= ushort.MaxValue, $"a number from 1 to {ushort.MaxValue}"),
        };
        return block with { OtherKeys = reader.Others };
    }

    private protected override IEnumerable<(string Key, string Json)> Members =>
        Port == DefaultPort ? [] : [("Port", Port.ToString(CultureInfo.InvariantCulture))];
}

using System.Globalization;
using Flannel.Core.Configuration.BackendBlocks;

namespace Flannel;

/// <summary>The <c>Backend</c> block of type vxlan: what all hosts of the network must agree on.</summary>
public sealed record VxlanBackendConfig : BackendConfig
{
    /// <summary>The UDP port that the kernel takes when none is named; not IANA's 4789.</summary>
    public const int DefaultPort = 8472;

    private const string TypeName = "vxlan";
    private const int MaximumVni = 0xFFFFFF;
    private const int MaximumPacket = ushort.MaxValue;

    // The smallest MTU (RFC 791: 68 bytes; RFC 8200: 1280 bytes) plus the overhead of VXLAN over that family.
    private const int MinimumMtu = 68 + 50;
    private const int MinimumMtuIPv6 = 1280 + 70;

    /// <inheritdoc />
    public override string Type => TypeName;

    /// <summary>The VXLAN network identifier (RFC 7348), 0 to 16777215. Default 1. JSON key <c>VNI</c>.</summary>
    public int Vni { get; init; } = 1;

    /// <summary>The UDP port, 0 to 65535. Default, and the meaning of 0: <see cref="DefaultPort"/>. JSON key <c>Port</c>.</summary>
    public int Port { get; init => field = value == 0 ? DefaultPort : value; } = DefaultPort;

    /// <summary>
    /// The largest outer packet in bytes; 0 (default) takes the external interface's MTU. At least 118, or 1350 with IPv6, and at most 65535. JSON
    /// key <c>MTU</c>.
    /// </summary>
    public int Mtu { get; init; }

    /// <summary>Whether the Group Based Policy extension is on. Default <see langword="false"/>. JSON key <c>GBP</c>.</summary>
    public bool Gbp { get; init; }

    /// <summary>Whether the device learns remote MACs from received packets. Default <see langword="false"/>. JSON key <c>Learning</c>.</summary>
    public bool Learning { get; init; }

    /// <summary>
    /// Whether peers on the same network are reached by plain routes instead of the tunnel. Default <see langword="false"/>. JSON key
    /// <c>DirectRouting</c>.
    /// </summary>
    public bool DirectRouting { get; init; }

    /// <summary>Reads the block of a network configuration.</summary>
    /// <param name="config">The configuration.</param>
    /// <exception cref="NetworkConfigException">The block is of another type, or types or ranges are wrong; all problems are listed.</exception>
    public static VxlanBackendConfig Parse(NetworkConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        VxlanBackendConfig block = Read(config, out BackendBlockReader reader);
        reader.ThrowIfAny();
        return block;
    }

    internal static VxlanBackendConfig Read(NetworkConfig config, out BackendBlockReader reader)
    {
        int minimumMtu = config.EnableIPv6 ? MinimumMtuIPv6 : MinimumMtu;
        reader = new BackendBlockReader(config, TypeName);
        var block = new VxlanBackendConfig
        {
            Vni = reader.Number("VNI", 1, static value => value is >= 0 and <= MaximumVni, $"a number from 0 to {MaximumVni}"),
            Port = reader.Number(
                "Port", 0, static value => value is >= 0 and <= ushort.MaxValue, $"a number from 0 (the kernel's default, {DefaultPort}) to 65535"),
            Mtu = reader.Number(
                "MTU",
                0,
                value => value == 0 || (value >= minimumMtu && value <= MaximumPacket),
                $"0 (the external interface's MTU) or a number from {minimumMtu} to {MaximumPacket}"),
            Gbp = reader.Truth("GBP"),
            Learning = reader.Truth("Learning"),
            DirectRouting = reader.Truth("DirectRouting"),
        };
        return block with { OtherKeys = reader.Others };
    }

    private protected override IEnumerable<(string Key, string Json)> Members
    {
        get
        {
            if (Vni != 1) yield return ("VNI", Vni.ToString(CultureInfo.InvariantCulture));
            if (Port != DefaultPort) yield return ("Port", Port.ToString(CultureInfo.InvariantCulture));
            if (Mtu != 0) yield return ("MTU", Mtu.ToString(CultureInfo.InvariantCulture));
            if (Gbp) yield return ("GBP", "true");
            if (Learning) yield return ("Learning", "true");
            if (DirectRouting) yield return ("DirectRouting", "true");
        }
    }
}

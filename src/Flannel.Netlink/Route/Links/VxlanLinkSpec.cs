using System.Net;

namespace Flannel.Netlink.Route.Links;

/// <summary>
/// A VXLAN device to create. Options not listed keep the kernel's defaults; UDP checksum options are never sent, so the outer checksum stays on,
/// with which receivers can aggregate.
/// </summary>
public sealed record VxlanLinkSpec : LinkSpec
{
    private readonly int _id;
    private readonly int _port;

    /// <summary>Starts from a name; the transmit queue length is 0, as a device without a queue should have.</summary>
    /// <param name="name">Interface name, 1 to 15 bytes.</param>
    /// <exception cref="ArgumentException">The name is not one the kernel accepts.</exception>
    public VxlanLinkSpec(string name)
        : base(name) =>
        TxQueueLength = 0;

    /// <inheritdoc/>
    public override string Kind => "vxlan";

    /// <summary>VXLAN network identifier, 0 to 16777215.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value needs more than 24 bits.</exception>
    public required int Id
    {
        get => _id;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, 0xFFFFFF);
            _id = value;
        }
    }

    /// <summary>Index of the device that carries the outer packets; 0 lets the route decide.</summary>
    public int ParentIndex { get; init; }

    /// <summary>Source address of outer packets; its family is the family of the tunnel. Null lets the route decide, over IPv4.</summary>
    public IPAddress? Local { get; init; }

    /// <summary>Multicast group or default remote; null for none.</summary>
    public IPAddress? Group { get; init; }

    /// <summary>UDP destination port, 0 to 65535; 0 keeps the kernel's default, 8472.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not a port.</exception>
    public int Port
    {
        get => _port;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, ushort.MaxValue);
            _port = value;
        }
    }

    /// <summary>TTL of outer packets; 0 means the default of the host.</summary>
    public byte Ttl { get; init; }

    /// <summary>TOS of outer packets; 1 means inherit.</summary>
    public byte Tos { get; init; }

    /// <summary>Learn remote addresses from received packets; off by default, unlike the kernel's default.</summary>
    public bool Learning { get; init; }

    /// <summary>Group Based Policy extension; off by default.</summary>
    public bool Gbp { get; init; }
}

using System.Net.NetworkInformation;
using System.Runtime.InteropServices;

namespace Flannel.Netlink.Route.Links;

/// <summary>A veth pair to create: two devices, each the wire of the other.</summary>
public sealed record VethLinkSpec : LinkSpec
{
    /// <summary>Starts from the two names.</summary>
    /// <param name="name">Name of this end, 1 to 15 bytes.</param>
    /// <param name="peerName">Name of the other end, 1 to 15 bytes.</param>
    /// <exception cref="ArgumentException">A name is not one the kernel accepts.</exception>
    public VethLinkSpec(string name, string peerName)
        : base(name)
    {
        ValidateName(peerName);
        PeerName = peerName;
    }

    /// <inheritdoc/>
    public override string Kind => "veth";

    /// <summary>Name of the other end.</summary>
    public string PeerName { get; }

    /// <summary>An open namespace to create the other end in; null for the namespace of the socket.</summary>
    public SafeHandle? PeerNamespace { get; init; }

    /// <summary>MTU of the other end in bytes; null takes <see cref="LinkSpec.Mtu"/>.</summary>
    public int? PeerMtu { get; init; }

    /// <summary>Link-layer address of the other end; null leaves it to the kernel.</summary>
    public PhysicalAddress? PeerAddress { get; init; }
}

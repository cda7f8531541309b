using System.Diagnostics.CodeAnalysis;
using Flannel.Linux.Diagnostics;

namespace Flannel.Extensibility;

/// <summary>What a <see cref="TunnelGuard"/> guards: the tunnel of one address family, as far as the packet filter can tell it.</summary>
[Experimental(ExperimentalApi.KernelBackends)]
public sealed record GuardedTunnel
{
    /// <summary>The UDP port that tunnel packets come to; <see langword="null"/> if packets travel as they are.</summary>
    public int? Port { get; init; }

    /// <summary>The VXLAN network identifier; other VXLAN networks may share the port. <see langword="null"/> if the tunnel is no VXLAN.</summary>
    public int? Vni { get; init; }

    /// <summary>
    /// The Ethernet device that packets come out of, each with the MAC of the peer that sent it. <see langword="null"/> if there is none, so that
    /// packets out of the tunnel are not looked at.
    /// </summary>
    public string? Device { get; init; }

    /// <summary>
    /// Reads what the backend itself has dropped of what came out of the tunnel, since the network was made, where it judges packets in place of
    /// the packet filter; <see langword="null"/> if it does not. Called every few seconds on any thread.
    /// </summary>
    public Func<GuardDrops>? ReadDrops { get; init; }

    /// <summary>The external interface, if packets of peers come over it as they are; <see langword="null"/> if they do not.</summary>
    public string? ExternalInterface { get; init; }
}

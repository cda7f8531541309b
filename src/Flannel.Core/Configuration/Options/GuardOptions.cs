namespace Flannel;

/// <summary>
/// What the guard lets pass: rules in nftables that keep everybody but the peers out of the tunnel, containers from writing tunnel packets
/// themselves, and peers from speaking for others or reaching beyond this host's containers. Each option relaxes one rule.
/// </summary>
public sealed class GuardOptions
{
    /// <summary>
    /// Whether there is a guard. Default <see langword="true"/>. Without it whoever can send to the tunnel's port reaches every container, as with
    /// flannel. It concerns the packet filter only; what the udp backend checks by itself, <c>UdpBackendOptions</c> say.
    /// </summary>
    public bool Enabled { get; set; } = true;

    /// <summary>
    /// Addresses, or ranges as <c>192.0.2.0/24</c>, that may send to the tunnel's port beside the addresses that peers publish: those that a NAT
    /// gives to peers' packets, where it is not the published one. Default none.
    /// </summary>
    public IList<string> Senders { get; } = [];

    /// <summary>Whether anybody may send to the tunnel's port. Default <see langword="false"/>; <see cref="Senders"/> opens it less wide.</summary>
    public bool AcceptUnknownSenders { get; set; }

    /// <summary>
    /// Whether containers may send to the tunnel's port of this host and of its peers, and so write packets of their own into the tunnel. Default
    /// <see langword="false"/>.
    /// </summary>
    public bool AcceptContainers { get; set; }

    /// <summary>
    /// Whether a peer may send packets whose source is neither in its subnet nor the address that it publishes, as with a load balancer that keeps
    /// its clients' addresses. Any peer can then speak for any other. This host's own subnet as source is refused all the same. Default
    /// <see langword="false"/>.
    /// </summary>
    public bool AcceptForeignSources { get; set; }

    /// <summary>
    /// Whether a peer may send packets whose destination is outside this host's subnet, where this host forwards for networks that are not leased.
    /// Any peer can then reach whatever this host can route to. Default <see langword="false"/>.
    /// </summary>
    public bool AcceptForeignDestinations { get; set; }
}

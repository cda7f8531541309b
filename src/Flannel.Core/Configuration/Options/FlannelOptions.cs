using System.ComponentModel.DataAnnotations;
using Flannel.Core.Configuration.Options;
using Microsoft.Extensions.Options;

namespace Flannel;

/// <summary>The options of one node of one network.</summary>
/// <remarks>
/// They are read when the node starts, so a change of the configuration that they are bound to counts after
/// <see cref="IFlannelNode.StopAsync(CancellationToken)"/> and <see cref="IFlannelNode.StartAsync"/>. <see cref="StopMode"/> and
/// <see cref="ReleaseLeaseOnStop"/> are read when it stops.
/// </remarks>
public sealed class FlannelOptions
{
    /// <summary>How the interface that carries the outer packets is chosen. Default: the one with the default route.</summary>
    [Required]
    public ExternalInterfaceOptions ExternalInterface { get; } = new();

    /// <summary>
    /// The network namespace that the node works in: a name (as of <c>ip netns</c>) or a path. The process itself stays outside, so one process
    /// can host many nodes. Default <see langword="null"/>: the process's own.
    /// </summary>
    public string? NetworkNamespace { get; set; }

    /// <summary>
    /// Where the subnet file is written and the previous subnet is read from; <see langword="null"/> (default) for no file.
    /// flannel: <c>--subnet-file</c>, <c>/run/flannel/subnet.env</c>.
    /// </summary>
    public string? SubnetFile { get; set; }

    /// <summary>
    /// A directory that outlives a reboot, where the node remembers its lease: a host whose address changed while the node was down finds its lease
    /// there, as long as nobody else has written it since, and keeps its subnet. It is used if it exists, and not created. Default
    /// <see langword="null"/>: none.
    /// </summary>
    public string? StateDirectory { get; set; }

    /// <summary>
    /// Whether traffic that leaves the overlay is masqueraded: by the node if traffic rules are registered, and as told to the readers of the subnet
    /// file. Default <see langword="false"/>. flannel: <c>--ip-masq</c>.
    /// </summary>
    public bool IpMasq { get; set; }

    /// <summary>What else the node does to the host's packet filter.</summary>
    [Required]
    [ValidateObjectMembers]
    public TrafficOptions Traffic { get; } = new();

    /// <summary>Who may send what through the tunnel. Default: the peers, for themselves, to this host's containers.</summary>
    [Required]
    public GuardOptions Guard { get; } = new();

    /// <summary>How long the lease lives without renewal. Default 24 hours, as flannel's.</summary>
    /// <value>10 seconds to 365 days.</value>
    [TimeSpanRange("00:00:10", "365.00:00:00")]
    public TimeSpan LeaseTimeToLive { get; set; } = TimeSpan.FromHours(24);

    /// <summary>How long before its end the lease is renewed. Default 1 hour; flannel: <c>--subnet-lease-renew-margin</c>.</summary>
    /// <value>1 second to 364 days, and less than <see cref="LeaseTimeToLive"/>.</value>
    [TimeSpanRange("00:00:01", "364.00:00:00")]
    public TimeSpan LeaseRenewMargin { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// How long a peer stays reachable after its lease is gone. A node that lost its lease by mistake takes it again within this time, and no packet
    /// is lost. Default 2 seconds.
    /// </summary>
    /// <value>Zero to 1 minute.</value>
    [TimeSpanRange("00:00:00", "00:01:00")]
    public TimeSpan PeerGracePeriod { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long peers stay reachable when more than half of them, and at least three, leave the store together, when all of them, and at least two,
    /// leave it in one step, or when nothing is left in it: an operator's mistake or a store that was restored empty is likelier than that. Those
    /// that take their leases again meanwhile are as if nothing had been. A subnet that another host leases passes to it at once. Default 2 minutes;
    /// zero to treat it like the departure of one peer.
    /// </summary>
    /// <value>Zero to 1 day.</value>
    [TimeSpanRange("00:00:00", "1.00:00:00")]
    public TimeSpan MassRemovalGracePeriod { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How often the kernel is compared in full with what it should be, even if nothing seems to have changed. Default 60 seconds.</summary>
    /// <value>1 second to 1 day.</value>
    [TimeSpanRange("00:00:01", "1.00:00:00")]
    public TimeSpan ResyncInterval { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// How many leases of other hosts the node follows. What the store holds beyond that is counted and reported, and not reached. Default 100,000.
    /// </summary>
    /// <value>1 to 1,000,000.</value>
    [Range(1, 1_000_000)]
    public int MaxPeers { get; set; } = 100_000;

    /// <summary>How many refused leases the node remembers with their reasons; more are only counted. Default 1,000.</summary>
    /// <value>1 to 100,000.</value>
    [Range(1, 100_000)]
    public int MaxQuarantined { get; set; } = 1000;

    /// <summary>
    /// Whether the node turns on the host's forwarding of packets (<c>net.ipv4.ip_forward</c>, <c>net.ipv6.conf.all.forwarding</c>) for the network's
    /// address families, without which containers reach nobody. Default <see langword="false"/>: what is off is reported. It is left on when the node
    /// stops.
    /// </summary>
    public bool EnableForwarding { get; set; }

    /// <summary>
    /// Whether a running node follows a change of the backend, its VNI or its port in the store: the new data path is made first, then the old one
    /// goes. It is for networks whose nodes all do so, as nodes that have not changed yet (flannel's never do before a restart) are cut off
    /// meanwhile. Default
    /// <see langword="false"/>: such a change shows as pending, and a restart follows it.
    /// </summary>
    public bool FollowBackendChanges { get; set; }

    /// <summary>
    /// Whether the node may start although the range it leases from overlaps an address or a route of the host. Default <see langword="false"/>.
    /// </summary>
    public bool AllowOverlap { get; set; }

    /// <summary>
    /// Whether a generic host's start waits until the node is ready, and whether it fails if the node cannot be. Services that are registered behind
    /// <c>AddFlannel()</c> then start on a network that is there. Default <see cref="HostStart.GoOn"/>. It does not concern networks that are made
    /// while the process runs.
    /// </summary>
    [EnumDataType(typeof(HostStart))]
    public HostStart HostStart { get; set; } = HostStart.GoOn;

    /// <summary>How long a generic host's start waits, if <see cref="HostStart"/> lets it. Default 1 minute.</summary>
    /// <value>1 second to 1 day.</value>
    [TimeSpanRange("00:00:01", "1.00:00:00")]
    public TimeSpan HostStartLimit { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// What the node leaves behind when it stops, unless a call of <see cref="IFlannelNode.StopAsync(StopMode, CancellationToken)"/> says otherwise.
    /// Default
    /// <see cref="StopMode.Detach"/>. Read when the node stops.
    /// </summary>
    [EnumDataType(typeof(StopMode))]
    public StopMode StopMode { get; set; } = StopMode.Detach;

    /// <summary>
    /// Whether the lease is given back when the node stops, whatever <see cref="StopMode"/> says of the data path: for hosts that leave for good. A
    /// call that names its own mode does not look at it. Default <see langword="false"/>: the next start finds its subnet again, as flannel's does.
    /// Read when the node stops.
    /// </summary>
    public bool ReleaseLeaseOnStop { get; set; }
}

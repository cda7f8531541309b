using System.ComponentModel.DataAnnotations;

namespace Flannel;

/// <summary>
/// This host's own choices for the UDP backend. What all hosts must agree on (<c>Port</c>) is in the network configuration's <c>Backend</c> block
/// instead.
/// </summary>
/// <remarks>
/// They are read when the network is made; to change them, remove the network and create it again (<see cref="IFlannelNetworks"/>), or restart the
/// program.
/// </remarks>
public sealed class UdpBackendOptions
{
    /// <summary>
    /// Which off-loads may be used. Taking one away costs speed and nothing else; do it to find out whether a driver's off-load is to blame.
    /// </summary>
    /// <value>Default <see cref="UdpOffloads.All"/>.</value>
    [EnumDataType(typeof(UdpOffloads))]
    public UdpOffloads Offloads { get; set; } = UdpOffloads.All;

    /// <summary>
    /// Whether datagrams are taken from addresses that no peer has published. Needed where a peer's packets arrive from an address that a NAT gave
    /// them; anybody who can reach the port can then send into the overlay.
    /// </summary>
    /// <value>Default <see langword="false"/>.</value>
    public bool AcceptUnknownSenders { get; set; }

    /// <summary>
    /// Whether a peer may send packets whose source is outside its own subnet. Needed where containers are reached without masquerading from
    /// networks behind a peer; any peer can then speak for any other.
    /// </summary>
    /// <value>Default <see langword="false"/>.</value>
    public bool AcceptForeignSources { get; set; }

    /// <summary>
    /// Whether a peer may send packets whose destination is outside this node's own subnet. Needed where this host forwards for networks that are not
    /// leased; any peer can then reach whatever this host can route to.
    /// </summary>
    /// <value>Default <see langword="false"/>.</value>
    public bool AcceptForeignDestinations { get; set; }

    /// <summary>
    /// How many pairs of threads carry packets: one that sends and one that receives, with a queue of the TUN device and a socket of their own. One
    /// pair fills two processors; more pay where more are to spare. The packets of a flow stay with one thread: the kernel chooses a sending thread
    /// by the flow, and a receiving one by the peer, because all that a peer sends comes from one port.
    /// </summary>
    /// <value>1 to 64. Default 1.</value>
    [Range(1, 64)]
    public int ThreadPairs { get; set; } = 1;

    /// <summary>
    /// How many microseconds a thread looks for the next packet before it sleeps, while packets come at least that often. It makes answers arrive
    /// sooner, because nobody has to be woken, and keeps a processor busy meanwhile; others that need the processor get it. 0 always sleeps.
    /// </summary>
    /// <value>0 to 1000. Default 200, as for the kernel's own polling of halted processors (<c>halt_poll_ns</c>).</value>
    [Range(0, 1000)]
    public int BusyPollMicroseconds { get; set; } = 200;

    /// <summary>How many bytes the kernel may hold for each socket in each direction.</summary>
    /// <value>65536 to 268435456. Default 33554432: several TCP receive windows, so that what senders may have under way is not dropped here.</value>
    [Range(65_536, 268_435_456)]
    public int SocketBufferBytes { get; set; } = 32 * 1024 * 1024;
}

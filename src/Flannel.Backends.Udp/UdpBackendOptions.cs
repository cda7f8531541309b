using System.ComponentModel.DataAnnotations;

namespace Flannel.Backends.Udp;

/// <summary>
/// This host's own choices for the UDP backend. What all hosts must agree on (<c>Port</c>) is in the network configuration's <c>Backend</c> block
/// instead.
/// </summary>
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

    /// <summary>How many bytes the kernel may hold for the socket in each direction.</summary>
    /// <value>65536 to 268435456. Default 33554432: several TCP receive windows, so that what senders may have under way is not dropped here.</value>
    [Range(65_536, 268_435_456)]
    public int SocketBufferBytes { get; set; } = 32 * 1024 * 1024;
}

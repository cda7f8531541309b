using System.Net;
using Flannel.Backends.Udp.Peers;

namespace Flannel.Backends.Udp.DataPath;

/// <summary>What the threads of the data path need to know. Only the MTU and the host's addresses change while they run.</summary>
/// <param name="mtu">The MTU of the TUN device in bytes.</param>
internal sealed class DataPathSettings(int mtu)
{
    private volatile int _mtu = mtu;
    private volatile HostAddresses _hostAddresses = new([]);

    /// <summary>The MTU of the TUN device in bytes: no longer packet goes out, because flannel's receiver would cut it.</summary>
    public int Mtu
    {
        get => _mtu;
        set => _mtu = value;
    }

    /// <summary>The TUN device's IPv4 address, which answers come from; <see langword="null"/> without IPv4.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>The TUN device's IPv6 address; <see langword="null"/> without IPv6.</summary>
    public IPAddress? AddressIPv6 { get; init; }

    /// <summary>Where packets may go that peers sent.</summary>
    public required OwnSubnets Own { get; init; }

    /// <summary>What packets may not come from, whoever sent them; looked at where <see cref="AcceptForeignSources"/> lets others pass.</summary>
    public HostAddresses HostAddresses
    {
        get => _hostAddresses;
        set => _hostAddresses = value;
    }

    /// <summary>Whether datagrams of hosts that are no peers are taken.</summary>
    public bool AcceptUnknownSenders { get; init; }

    /// <summary>Whether peers may send packets from outside their subnets, but for what is this host's.</summary>
    public bool AcceptForeignSources { get; init; }

    /// <summary>Whether peers may send packets to outside this node's subnets.</summary>
    public bool AcceptForeignDestinations { get; init; }
}

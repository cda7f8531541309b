using System.Net;
using Flannel.Netlink.Route.Links;

namespace Flannel.Lab.Namespaces;

/// <summary>The network between the hosts: a bridge in a namespace of its own, which also answers as their default gateway.</summary>
public sealed class LabUnderlay : LabNode
{
    private readonly Link _bridge;
    private readonly int _mtu;

    internal LabUnderlay(int mtu)
        : base("underlay")
    {
        _mtu = mtu;
        _bridge = Netlink.CreateLink(new BridgeLinkSpec("br0") { Mtu = mtu, IsUp = true });
        Address = IPAddress.Parse("192.168.100.254");
        AddressIPv6 = IPAddress.Parse("fd00:100::ffff");
        AddAddress(_bridge.Index, Address, 24);
        AddAddress(_bridge.Index, AddressIPv6, 64);
    }

    /// <summary>Cuts a host off, as pulling its cable would, or joins it again.</summary>
    /// <param name="host">The host.</param>
    /// <param name="isConnected">Whether packets get through.</param>
    public void SetConnected(LabHost host, bool isConnected)
    {
        ArgumentNullException.ThrowIfNull(host);
        Netlink.ChangeLink(Device(host.Port).Index, new LinkChange { IsUp = isConnected });
    }

    internal void Plug(LabHost host) => Plug(_bridge, host.Port, host, _mtu);
}

using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Flannel.Extensibility;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;
using Flannel.Netlink.Route.Neighbours;

namespace Orchestrator.Machines;

/// <summary>
/// A network namespace that plays a machine: a host, a container, or the switch between the hosts. Disposing removes it with all its devices.
/// </summary>
internal sealed class Machine : IDisposable
{
    private const int Loopback = 1;

    private readonly NetworkNamespace _namespace;
    private readonly RouteNetlink _network;

    public Machine(string name)
    {
        Name = name;
        _namespace = NetworkNamespace.Create(name);
        try
        {
            // Duplicate address detection would keep IPv6 silent for a second or two. The setting is absent on a kernel without IPv6.
            Run(() => NetworkSysctl.Write("ipv6/conf/default/accept_dad", "0"));
            _network = Run(() => RouteNetlink.Open());
            _network.ChangeLink(Loopback, new LinkChange { IsUp = true });
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The namespace's name, as <c>ip netns</c> shows it.</summary>
    public string Name { get; }

    /// <summary>Runs a short piece of work inside, such as opening a socket.</summary>
    public T Run<T>(Func<T> work) => _namespace.Run(work);

    /// <summary>Makes a bridge for other machines to plug into.</summary>
    public Link AddBridge(string name) => _network.CreateLink(new BridgeLinkSpec(name) { IsUp = true });

    /// <summary>Lays a cable from this machine's new device <c>eth0</c> to a bridge of another machine.</summary>
    /// <param name="other">The machine with the bridge.</param>
    /// <param name="bridge">The bridge.</param>
    /// <param name="port">The name of the cable's end at the bridge.</param>
    public Link PlugInto(Machine other, Link bridge, string port)
    {
        other._network.CreateLink(new VethLinkSpec(port, "eth0") { PeerNamespace = _namespace.Handle, MasterIndex = bridge.Index, IsUp = true });
        Link eth0 = _network.FindLink("eth0")!;
        _network.ChangeLink(eth0.Index, new LinkChange { IsUp = true });
        return eth0;
    }

    /// <summary>Gives a device an address that works at once.</summary>
    public void Assign(Link device, IPAddress address, int prefixLength) => _network.AddAddress(new InterfaceAddress
    {
        LinkIndex = device.Index,
        Address = address,
        PrefixLength = prefixLength,
        Flags = address.AddressFamily == AddressFamily.InterNetworkV6 ? AddressFlags.NoDad : AddressFlags.None,
    });

    /// <summary>Tells the machine who owns an address of its neighbourhood, so that it need not ask.</summary>
    public void Know(Link device, IPAddress address, PhysicalAddress owner) =>
        _network.ReplaceNeighbour(new Neighbour { LinkIndex = device.Index, Destination = address, Address = owner });

    /// <summary>The tunnel devices, VXLAN or TUN, and their counters at this moment.</summary>
    public IEnumerable<Tunnel> ReadTunnels()
    {
        foreach (Link link in _network.GetLinks())
        {
            if (link is { Kind: "tun", Statistics: { } counted })
                yield return new Tunnel(link.Name, Mac: null, Family: null, counted.SentPackets, counted.ReceivedPackets);
            else if (link is { Vxlan.Local: { } local, Address: { } mac, Statistics: { } counters })
                yield return new Tunnel(link.Name, mac, local.AddressFamily, counters.SentPackets, counters.ReceivedPackets);
        }
    }

    public void Dispose()
    {
        _network?.Dispose();
        _namespace.Dispose();
        NetworkNamespace.Delete(Name);
    }
}

using System.Net;
using Flannel.Netlink.Route.Links;

namespace Orchestrator.Machines;

/// <summary>A container, as far as the network is concerned: a namespace on its host's bridge, with the host as gateway to everything else.</summary>
internal sealed class DemoContainer
{
    public DemoContainer(DemoHost host, Machine machine, Link bridge, int place)
    {
        Host = host;
        Machine = machine;
        Letter = (char)('a' + host.Containers.Count);

        Link eth0 = machine.PlugInto(host.Machine, bridge, $"veth-{Letter}", host.Mtu);
        foreach (IPNetwork subnet in host.Subnets)
        {
            (IPAddress gateway, IPAddress address) = (subnet.AddressAt(1), subnet.AddressAt(place));
            machine.Assign(eth0, address, subnet.PrefixLength);
            machine.RouteVia(gateway);
            Gateways.Add(gateway);
            Addresses.Add(address);
        }
    }

    public DemoHost Host { get; }

    public Machine Machine { get; }

    /// <summary>Tells the containers of one host apart.</summary>
    public char Letter { get; }

    /// <summary>A name for narrow columns, such as <c>2a</c>.</summary>
    public string Name => $"{Host.Number}{Letter}";

    /// <summary>One address per family, IPv4 first.</summary>
    public List<IPAddress> Addresses { get; } = [];

    /// <summary>The host's addresses on the bridge, one per family.</summary>
    public List<IPAddress> Gateways { get; } = [];
}

using System.Net;
using Flannel.Netlink.Route.Links;

namespace Orchestrator.Machines;

/// <summary>A container, as far as the network is concerned: a namespace on its host's bridge, with the host as gateway to everything else.</summary>
internal sealed class DemoContainer
{
    public DemoContainer(DemoHost host, char letter, Machine machine, Link bridge, int place)
    {
        Host = host;
        Name = $"{host.Number}{letter}";
        Machine = machine;

        Link eth0 = machine.PlugInto(host.Machine, bridge, $"veth-{letter}", host.Mtu);
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

    /// <summary>The host's number and a letter, such as <c>2a</c>.</summary>
    public string Name { get; }

    /// <summary>One address per family, IPv4 first.</summary>
    public List<IPAddress> Addresses { get; } = [];

    /// <summary>The host's addresses on the bridge, one per family.</summary>
    public List<IPAddress> Gateways { get; } = [];
}

using System.Net;
using Flannel.Netlink.Route.Links;

namespace Orchestrator.Machines;

/// <summary>The network that the hosts are on before there is an overlay: a switch with one port per host.</summary>
internal sealed class Underlay(Machine machine, bool dualStack)
{
    private static readonly IPNetwork Ipv4 = IPNetwork.Parse("192.168.100.0/24");
    private static readonly IPNetwork Ipv6 = IPNetwork.Parse("fd00:100::/64");

    private readonly Link _bridge = machine.AddBridge("switch");

    /// <summary>The address families that hosts speak here.</summary>
    public IReadOnlyList<IPNetwork> Networks { get; } = dualStack ? [Ipv4, Ipv6] : [Ipv4];

    /// <summary>Connects a host and gives its <c>eth0</c> an address of each family.</summary>
    public IReadOnlyList<IPAddress> Connect(Machine host, int number)
    {
        Link eth0 = host.PlugInto(machine, _bridge, $"host-{number}");
        List<IPAddress> addresses = [];
        foreach (IPNetwork network in Networks)
        {
            IPAddress address = network.AddressAt(number);
            host.Assign(eth0, address, network.PrefixLength);
            addresses.Add(address);
        }

        return addresses;
    }
}

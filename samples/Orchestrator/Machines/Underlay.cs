using System.Net;
using Flannel.Netlink.Route.Links;

namespace Orchestrator.Machines;

/// <summary>The network that the hosts are on before there is an overlay: a switch with one port per host.</summary>
internal sealed class Underlay(Machine machine, bool dualStack)
{
    private static readonly IPNetwork IPv4 = IPNetwork.Parse("192.168.100.0/24");
    private static readonly IPNetwork IPv6 = IPNetwork.Parse("fd00:100::/64");

    private readonly Link _bridge = machine.AddBridge("switch");
    private readonly List<Port> _ports = [];

    /// <summary>The ranges that hosts have addresses of.</summary>
    public IReadOnlyList<IPNetwork> Networks { get; } = dualStack ? [IPv4, IPv6] : [IPv4];

    /// <summary>Connects a host and gives its <c>eth0</c> an address of each range.</summary>
    public IReadOnlyList<IPAddress> Connect(Machine host, int number)
    {
        var port = new Port(host, host.PlugInto(machine, _bridge, $"host-{number}"), [.. Networks.Select(network => network.AddressAt(number))]);
        foreach ((IPAddress address, IPNetwork network) in port.Addresses.Zip(Networks)) host.Assign(port.Eth0, address, network.PrefixLength);

        // The kernel keeps one table of neighbours for all namespaces and, of those it had to ask for, a thousand at most (gc_thresh3). Every host
        // talks to every other one here, so that 32 of them would fill it. Neighbours that it is told of do not count.
        foreach (Port other in _ports)
        {
            Introduce(port, other);
            Introduce(other, port);
        }

        _ports.Add(port);
        return port.Addresses;
    }

    private static void Introduce(Port host, Port other)
    {
        foreach (IPAddress address in other.Addresses) host.Machine.Know(host.Eth0, address, other.Eth0.Address!);
    }

    private sealed record Port(Machine Machine, Link Eth0, IReadOnlyList<IPAddress> Addresses);
}

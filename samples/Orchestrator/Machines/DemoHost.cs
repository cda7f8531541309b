using System.Net;
using Flannel.Core.Hosting;
using Flannel.Netlink.Route.Links;

namespace Orchestrator.Machines;

/// <summary>A host: on the underlay with <c>eth0</c>, in the overlay through its node, with a bridge <c>cni0</c> for its containers.</summary>
internal sealed class DemoHost
{
    private readonly List<DemoContainer> _containers = [];
    private Link? _bridge;

    public DemoHost(int number, Machine machine, Underlay underlay)
    {
        Number = number;
        Machine = machine;
        foreach (IPNetwork network in underlay.Networks) machine.Forward(network.BaseAddress.AddressFamily);
        Addresses = underlay.Connect(machine, number);
    }

    public int Number { get; }

    public string Name => $"host-{Number}";

    public Machine Machine { get; }

    /// <summary>The addresses on the underlay.</summary>
    public IReadOnlyList<IPAddress> Addresses { get; }

    /// <summary>The host's membership in the overlay, once it has joined.</summary>
    public IFlannelNode Node { get => field ?? throw new InvalidOperationException($"{Name} has not joined the overlay."); set; }

    /// <summary>The subnets that the host leased for its containers: IPv4, IPv6 or both.</summary>
    public IEnumerable<IPNetwork> Subnets => new[] { Node.Lease.Subnet, Node.Lease.SubnetIPv6 }.OfType<IPNetwork>();

    public IReadOnlyList<DemoContainer> Containers => _containers;

    /// <summary>Starts a container with addresses of the host's lease: the first address is the bridge's, the containers have those behind it.</summary>
    public void StartContainer(Machine machine)
    {
        _bridge ??= MakeBridge();
        _containers.Add(new DemoContainer(this, machine, _bridge, place: 2 + _containers.Count));
    }

    private Link MakeBridge()
    {
        Link bridge = Machine.AddBridge("cni0");
        foreach (IPNetwork subnet in Subnets) Machine.Assign(bridge, subnet.AddressAt(1), subnet.PrefixLength);
        return bridge;
    }
}

using System.Net;
using Flannel;
using Flannel.Netlink.Route.Links;

namespace Orchestrator.Machines;

/// <summary>A host: its <c>eth0</c> is on the underlay, its bridge <c>cni0</c> connects its containers.</summary>
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

    /// <summary>The subnets that the host leased for its containers: IPv4, IPv6 or both.</summary>
    public IReadOnlyList<IPNetwork> Subnets { get; private set; } = [];

    /// <summary>The largest packet that fits into the overlay with the tunnel's header around it, in bytes.</summary>
    public int Mtu { get; private set; }

    public IReadOnlyList<DemoContainer> Containers => _containers;

    /// <summary>Takes over what containers need to know about the overlay.</summary>
    public void Join(IFlannelNode node)
    {
        Subnets = [.. new[] { node.Lease.Subnet, node.Lease.SubnetIPv6 }.OfType<IPNetwork>()];
        Mtu = node.Mtu;
    }

    /// <summary>Starts a container with addresses of the host's lease: the first address is the bridge's, the containers have those behind it.</summary>
    public void StartContainer(char letter, Machine machine)
    {
        _bridge ??= MakeBridge();
        _containers.Add(new DemoContainer(this, letter, machine, _bridge, place: 2 + _containers.Count));
    }

    private Link MakeBridge()
    {
        Link bridge = Machine.AddBridge("cni0");
        foreach (IPNetwork subnet in Subnets) Machine.Assign(bridge, subnet.AddressAt(1), subnet.PrefixLength);
        return bridge;
    }
}

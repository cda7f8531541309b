using System.Net;
using Flannel;

namespace Orchestrator.Machines;

/// <summary>A host: its <c>eth0</c> is on the underlay, its bridge <c>cni0</c> connects its containers.</summary>
internal sealed class DemoHost
{
    private readonly List<DemoContainer> _containers = [];
    private DirectoryInfo? _state;
    private ContainerNetwork? _network;

    public DemoHost(int number, Machine machine, Underlay underlay)
    {
        Number = number;
        Machine = machine;
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

    /// <summary>
    /// Lets containers be attached to the node's network. A real orchestrator leaves the options out: it runs on the host, and addresses are kept
    /// where CNI keeps them.
    /// </summary>
    public void Join(IFlannelNode node)
    {
        Subnets = [.. new[] { node.Lease.Subnet, node.Lease.SubnetIPv6 }.OfType<IPNetwork>()];
        Mtu = node.Mtu;
        _state = Directory.CreateTempSubdirectory("flannel-demo-");
        _network = ContainerNetwork.For(node, new ContainerNetworkOptions { NetworkNamespace = Machine.Name, StateDirectory = _state.FullName });
    }

    /// <summary>Takes back what <see cref="Join"/> did, as far as it came. The node is still there.</summary>
    public async ValueTask LeaveAsync()
    {
        if (_network is not null) await _network.DisposeAsync();
        _state?.Delete(recursive: true);
    }

    /// <summary>Starts a container with addresses of the host's lease.</summary>
    public async Task StartContainerAsync(char letter, Machine machine, CancellationToken cancellationToken)
    {
        string name = $"{Number}{letter}";
        AttachedContainer attached = await _network!.AttachAsync(new ContainerAttachment(name) { NamespacePath = machine.Name }, cancellationToken);
        _containers.Add(new DemoContainer(this, name, machine, attached));
    }

    /// <summary>Takes its containers off the network; their machines are still there.</summary>
    public async ValueTask StopContainersAsync()
    {
        foreach (DemoContainer container in _containers) await _network!.DetachAsync(container.Name);
    }
}

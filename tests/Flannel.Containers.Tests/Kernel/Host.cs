using System.Net;
using Flannel.Extensibility;
using Flannel.Lab.Namespaces;
using Flannel.Netlink.Netfilter;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;

namespace Flannel.Containers.Tests.Kernel;

/// <summary>A host in a namespace, with a folder for addresses; disposing removes both, and everything in them.</summary>
internal sealed class Host : IAsyncDisposable
{
    private readonly List<NetworkNamespace> _containers = [];

    public Host(ContainerMode mode = ContainerMode.Bridge, bool dualStack = true, Action<ContainerNetworkOptions>? configure = null)
    {
        Skip.If(Netns.Obstacle is not null, Netns.Obstacle);
        Name = $"fc-{Guid.NewGuid():N}"[..12];
        Namespace = NetworkNamespace.Create(Name);
        Netlink = Namespace.Run(() => RouteNetlink.Open());
        Nftables = Namespace.Run(() => NftablesNetlink.Open());
        Netlink.ChangeLink(1, new LinkChange { IsUp = true });
        Folder = Directory.CreateTempSubdirectory("flannel-containers-").FullName;
        Subnets = dualStack ? [IPNetwork.Parse("10.244.7.0/24"), IPNetwork.Parse("fd00:244:7::/64")] : [IPNetwork.Parse("10.244.7.0/24")];
        Options = new ContainerNetworkOptions { NetworkNamespace = Name, StateDirectory = Folder, NetworkName = "net", Mode = mode };
        configure?.Invoke(Options);
        Network = ContainerNetwork.For(Subnets, 1450, Options);
    }

    public string Name { get; }

    public NetworkNamespace Namespace { get; }

    public RouteNetlink Netlink { get; }

    public NftablesNetlink Nftables { get; }

    public string Folder { get; }

    public string StateFolder => Path.Combine(Folder, "net");

    public IReadOnlyList<IPNetwork> Subnets { get; }

    public ContainerNetworkOptions Options { get; }

    public ContainerNetwork Network { get; set; }

    /// <summary>The files of addresses.</summary>
    public string[] AddressFiles => Directory.Exists(StateFolder)
        ? [.. Directory.GetFiles(StateFolder).Select(path => Path.GetFileName(path)).Where(name => IPAddress.TryParse(name, out _))
            .Order(StringComparer.Ordinal)]
        : [];

    /// <summary>The host's ends.</summary>
    public Link[] Veths => [.. Netlink.GetLinks().Where(link => link.Kind == "veth")];

    /// <summary>All elements of maps of ports.</summary>
    public int MappedPorts =>
        new[] { NftFamily.IPv4, NftFamily.IPv6 }.Sum(
            family => Nftables.GetSets(family, "flannel-ports-net").Sum(map => Nftables.GetElements(map).Count));

    /// <summary>A process that was killed and began again: nothing is known but what kernel and folder say.</summary>
    public async Task RestartAsync()
    {
        await Network.DisposeAsync();
        Network = ContainerNetwork.For(Subnets, 1450, Options);
    }

    public NetworkNamespace NewContainer()
    {
        var container = NetworkNamespace.CreateAnonymous();
        _containers.Add(container);
        return container;
    }

    public ContainerAttachment NewAttachment(string id) => new(id) { Namespace = NewContainer() };

    public static IReadOnlyList<InterfaceAddress> AddressesIn(NetworkNamespace container)
    {
        using RouteNetlink inside = container.Run(() => RouteNetlink.Open());
        return inside.FindLink("eth0") is { } eth0 ? [.. inside.GetAddresses(linkIndex: eth0.Index).Where(address => address.Scope == 0)] : [];
    }

    public void AssertClean()
    {
        Assert.Empty(AddressFiles);
        Assert.Empty(Veths);
        Assert.Equal(0, MappedPorts);
        foreach (NetworkNamespace container in _containers) Assert.Empty(AddressesIn(container));
    }

    public async ValueTask DisposeAsync()
    {
        await Network.DisposeAsync();
        foreach (NetworkNamespace container in _containers) container.Dispose();
        Netlink.Dispose();
        Nftables.Dispose();
        Namespace.Dispose();
        NetworkNamespace.Delete(Name);
        Directory.Delete(Folder, recursive: true);
    }
}

using System.Net;
using Flannel.Extensibility;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;
using Flannel.Netlink.Route.Monitoring;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Benchmarks.Labs;

/// <summary>A network namespace: a host or a container.</summary>
internal sealed class LabHost : IDisposable
{
    /// <summary>The device towards the other hosts.</summary>
    public const string ExternalInterface = "eth0";

    /// <summary>A host's address if it is alone.</summary>
    public static readonly IPAddress LoneAddress = IPAddress.Parse("172.16.0.1");

    private bool _isDisposed;

    /// <summary>Creates the namespace, with IPv6 off so that its own traffic does not disturb, and forwarding on.</summary>
    /// <param name="name">The namespace's name.</param>
    public LabHost(string name)
    {
        Name = name;
        Namespace = NetworkNamespace.Create(name);
        Netlink = Namespace.Run(() =>
        {
            NetworkSysctl.Write("ipv6/conf/all/disable_ipv6", "1");
            NetworkSysctl.Write("ipv6/conf/default/disable_ipv6", "1");
            NetworkSysctl.Write("ipv4/ip_forward", "1");
            return RouteNetlink.Open();
        });
        Netlink.ChangeLink(1, new LinkChange { IsUp = true }); // the loopback device is always the first
    }

    public string Name { get; }

    /// <summary>The namespace as a file.</summary>
    public string Path => Namespace.Path!;

    public NetworkNamespace Namespace { get; }

    public RouteNetlink Netlink { get; }

    /// <summary>Gives the host an external interface that leads nowhere, on the network of all imagined peers.</summary>
    public void AddLoneInterface()
    {
        Join(ExternalInterface, this, "far-end", 1500);
        AddAddress(ExternalInterface, LoneAddress, 12);
    }

    /// <summary>Joins two namespaces by a pair of veth devices.</summary>
    /// <param name="device">Our end.</param>
    /// <param name="other">The other namespace.</param>
    /// <param name="otherDevice">Its end.</param>
    /// <param name="mtu">The MTU of both ends.</param>
    public void Join(string device, LabHost other, string otherDevice, int mtu)
    {
        Netlink.CreateLink(new VethLinkSpec(device, otherDevice) { Mtu = mtu, PeerMtu = mtu, PeerNamespace = other.Namespace.Handle, IsUp = true });
        other.Netlink.ChangeLink(other.Device(otherDevice).Index, new LinkChange { IsUp = true });
    }

    public void AddAddress(string device, IPAddress address, int prefixLength) =>
        Netlink.AddAddress(new InterfaceAddress { LinkIndex = Device(device).Index, Address = address, PrefixLength = prefixLength });

    public void AddRoute(IPNetwork destination, IPAddress gateway) =>
        Netlink.AddRoute(new RouteEntry { Destination = destination, Gateway = gateway });

    /// <summary>Listens to the kernel with room for all that a bench makes it say.</summary>
    public RouteMonitor OpenMonitor(RouteMonitorGroups groups) =>
        Namespace.Run(() => RouteMonitor.Open(new RouteMonitorOptions { Groups = groups, Capacity = 200_000, ReceiveBufferSize = 64 << 20 }));

    public Link Device(string name) => Netlink.FindLink(name) ?? throw new BenchException($"{Name} has no device {name}.");

    /// <summary>
    /// Deletes the namespace. Its devices go first and one by one: the kernel takes a namespace down in the background, and thousands of routes in
    /// it would disturb what is measured next.
    /// </summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        foreach (Link link in Netlink.GetLinks().Where(link => !link.IsLoopback)) Netlink.DeleteLink(link.Index);
        Netlink.Dispose();
        Namespace.Dispose();
        NetworkNamespace.Delete(Name);
    }
}

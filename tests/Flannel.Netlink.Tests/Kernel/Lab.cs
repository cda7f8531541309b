using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;
using Flannel.Netlink.Route.Neighbours;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Netlink.Tests.Kernel;

/// <summary>
/// A namespace with one uplink and one VXLAN device: eth0 192.0.2.1/24 and 2001:db8::1/64 on a veth whose peer is up, and flannel.1 on it.
/// </summary>
internal sealed class Lab
{
    private Lab(RouteNetlink netlink, Link uplink, Link vxlan)
    {
        Netlink = netlink;
        Uplink = uplink;
        Vxlan = vxlan;
    }

    internal RouteNetlink Netlink { get; }

    internal Link Uplink { get; }

    internal Link Vxlan { get; }

    internal static void Run(Action<Lab> body) => IsolatedNamespace.Run(() =>
    {
        using RouteNetlink netlink = RouteNetlink.Open();
        netlink.ChangeLink(1, new LinkChange { IsUp = true });
        UseAddressesAtOnce();
        Link uplink = netlink.CreateLink(new VethLinkSpec("eth0", "eth0p") { IsUp = true });
        netlink.ChangeLink(netlink.FindLink("eth0p")!.Index, new LinkChange { IsUp = true });
        netlink.AddAddress(new InterfaceAddress { LinkIndex = uplink.Index, Address = IPAddress.Parse("192.0.2.1"), PrefixLength = 24 });
        netlink.AddAddress(new InterfaceAddress
        {
            LinkIndex = uplink.Index,
            Address = IPAddress.Parse("2001:db8::1"),
            PrefixLength = 64,
        });
        Link vxlan = netlink.CreateLink(new VxlanLinkSpec("flannel.1")
        {
            Id = 1,
            ParentIndex = uplink.Index,
            Local = IPAddress.Parse("192.0.2.1"),
            Port = 8472,
            Address = PhysicalAddress.Parse("02-00-00-00-00-01"),
            Mtu = 1450,
            IsUp = true,
        });
        AwaitRest(netlink);
        body(new Lab(netlink, uplink, vxlan));
    });

    /// <summary>
    /// The kernel has one neighbour table for all namespaces and tells no interrupted dump of it: what other tests do may hide an entry once.
    /// </summary>
    internal void AwaitNeighbours(IEnumerable<int> peers)
    {
        HashSet<Neighbour> expected = [.. peers.Select(Neighbour)];
        for (int attempt = 1; ; attempt++)
        {
            IReadOnlyList<Neighbour> listed = Netlink.GetNeighbours(AddressFamily.InterNetwork, Vxlan.Index);
            if (listed.Count == expected.Count && expected.SetEquals(listed))
                return;
            Assert.True(
                attempt < 20,
                $"{listed.Count} neighbours are listed, of which {listed.Count(expected.Contains)} are of the {expected.Count} expected");
        }
    }

    /// <summary>The n-th peer's subnet, 10.x.y.0/24, all different for n below 65536.</summary>
    internal static IPNetwork Subnet(int n) => new(new IPAddress([(byte)(11 + (n >> 16)), (byte)(n >> 8), (byte)n, 0]), 24);

    internal Neighbour Neighbour(int n) => new() { LinkIndex = Vxlan.Index, Destination = Subnet(n).BaseAddress, Address = Mac(n) };

    internal FdbEntry Fdb(int n) =>
        new() { LinkIndex = Vxlan.Index, Address = Mac(n), Destination = new IPAddress([172, 16, (byte)(n >> 8), (byte)n]) };

    internal Nexthop Nexthop(int n) =>
        new() { Id = (uint)n + 1, Gateway = Subnet(n).BaseAddress, LinkIndex = Vxlan.Index, Flags = RouteFlags.OnLink };

    internal RouteEntry OnLinkRoute(int n) =>
        new() { Destination = Subnet(n), Gateway = Subnet(n).BaseAddress, LinkIndex = Vxlan.Index, Flags = RouteFlags.OnLink };

    internal static RouteEntry NexthopRoute(int n) => new() { Destination = Subnet(n), NexthopId = (uint)n + 1 };

    // Without the search for duplicates an address is usable at once and not after a second or two.
    private static void UseAddressesAtOnce()
    {
        foreach (string devices in new[] { "all", "default" })
            File.WriteAllText($"/proc/sys/net/ipv6/conf/{devices}/accept_dad", "0");
    }

    // The kernel tells some time later that there is a carrier, gives each of the three devices an address, and tells which can be used.
    private static void AwaitRest(RouteNetlink netlink)
    {
        bool isAtRest = SpinWait.SpinUntil(
            () => netlink.GetLinks().All(link => link.Kind != "veth" || link.OperationalStatus == OperationalStatus.Up)
                && netlink.GetAddresses(AddressFamily.InterNetworkV6) is var addresses
                && addresses.Count(address => address.Scope == RouteScope.Link) == 3
                && addresses.All(address => !address.IsTentative),
            TimeSpan.FromSeconds(30));
        Assert.True(isAtRest, "the lab does not come to rest");
        netlink.ChangeLink(1, new LinkChange { IsUp = true }); // changes nothing, and waits for the lock under which the kernel told the last of it
    }

    private static PhysicalAddress Mac(int n) => new([2, 0, 0, (byte)(n >> 16), (byte)(n >> 8), (byte)n]);
}

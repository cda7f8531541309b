using System.Net.Sockets;
using System.Runtime.Versioning;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Extensibility;

/// <summary>
/// Whether the kernel passes packets on from one interface to another, in the calling thread's network namespace. For another namespace call it
/// inside: <c>host.Run(() =&gt; PacketForwarding.Enable(AddressFamily.InterNetworkV6))</c>.
/// </summary>
[SupportedOSPlatform("linux")]
public static class PacketForwarding
{
    private const string IPv6 = "ipv6/conf/all/forwarding";
    private const string KeepAccepting = "2"; // accept_ra, whether the host forwards or not

    /// <summary>Turns it on, and keeps the IPv6 routes that routers advertise.</summary>
    /// <remarks>
    /// With <c>accept_ra=1</c>, the kernel's default, an interface forgets its default route from router advertisements at the moment at which the
    /// host begins to forward (Documentation/networking/ip-sysctl.rst). Such interfaces get <c>accept_ra=2</c> first.
    /// </remarks>
    /// <param name="family">IPv4 or IPv6.</param>
    /// <returns>The setting as it is now, or the first that could not be written; then nothing is forwarded that was not before.</returns>
    /// <exception cref="Netlink.NetlinkException">The routes could not be listed.</exception>
    public static SysctlResult Enable(AddressFamily family)
    {
        string key = KeyOf(family);
        if (key == IPv6 && NetworkSysctl.Read(key).Value == "0")
        {
            foreach (string link in FindAdvertised())
            {
                SysctlResult kept = NetworkSysctl.Write(AcceptingOf(link), KeepAccepting);
                if (!kept.IsOk) return kept;
            }
        }

        return NetworkSysctl.Write(key, "1");
    }

    internal static string KeyOf(AddressFamily family) => family == AddressFamily.InterNetworkV6 ? IPv6 : "ipv4/ip_forward";

    /// <summary>The interfaces that would lose routes from router advertisements.</summary>
    internal static IReadOnlyList<string> FindAdvertised()
    {
        using var netlink = RouteNetlink.Open();
        Dictionary<int, string> links = netlink.GetLinks().ToDictionary(static link => link.Index, static link => link.Name);
        return
        [
            .. netlink.GetRoutes(AddressFamily.InterNetworkV6, new RouteFilter { Protocol = RouteProtocol.RouterAdvertisement })
                .SelectMany(static route => route.Hops is { } hops ? hops.Select(static hop => hop.LinkIndex) : [route.LinkIndex])
                .Select(index => links.GetValueOrDefault(index)).OfType<string>().Distinct()
                .Where(static link => NetworkSysctl.Read(AcceptingOf(link)) is { IsOk: true, Value: "1" }),
        ];
    }

    private static string AcceptingOf(string link) => $"ipv6/conf/{link}/accept_ra";
}

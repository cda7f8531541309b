using System.Net;
using System.Runtime.CompilerServices;
using Flannel;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;
using Flannel.Netlink.Route.Monitoring;
using Flannel.Netlink.Route.Neighbours;
using Flannel.Netlink.Route.Routes;
using Microsoft.Extensions.DependencyInjection;

/// <summary>
/// What a program that is not marked as one for Linux may name without a warning (CA1416), such as plain data and registration, and what one that is
/// published as a native program may use without one (IL2067), such as the etcd store. None of it does anything here.
/// </summary>
internal static class Records
{
    public static string Describe(Link link, VxlanInfo vxlan, Neighbour neighbour, FdbEntry fdb, Nexthop nexthop, RouteFilter filter) =>
        $"{link.Name} {link.Statistics} {vxlan.Id} {neighbour.State} {fdb.Destination} {nexthop.Id} {filter}";

    public static RouteBatch Queue(InterfaceAddress address)
    {
        var batch = new RouteBatch();
        batch.ReplaceAddress(address);
        batch.ReplaceRoute(new RouteEntry { Destination = IPNetwork.Parse("10.5.2.0/24"), LinkIndex = 1, Scope = RouteScope.Link });
        return batch;
    }

    public static LinkSpec Specify() => new VxlanLinkSpec("vx0") { Id = 42, IsUp = true };

    public static bool IsLoss(RouteNotification change) => change is Resynchronise or LinkRemoved { Link.Name: "vx0" };

    public static bool IsWorthANewPassword(Exception error) => error is StoreException { Kind: StoreErrorKind.CredentialsRefused };

    // The native compiler looks only at what may run.
    [ModuleInitializer]
    internal static void Register()
    {
        if (Environment.GetEnvironmentVariable("FLANNEL_OUTSIDE") is null) return;
        var services = new ServiceCollection();
        services.AddFlannel().UseEtcd().UseVxlan().UseUdp().UseHostGateway().UseAlloc().UseTrafficRules();
        services.AddHealthChecks().AddFlannel();
        services.BuildServiceProvider().GetRequiredService<IFlannelNode>();
    }
}

using System.Net;
using Flannel.Extensibility;
using Flannel.Lab.Namespaces;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Links;

namespace Flannel.Linux.Tests.DataPaths;

public sealed class ExternalLinkTests
{
    [NetnsFact]
    public async Task Refresh_Loopback_HasTheMtuOfTheLinkThatItsPacketsLeaveBy()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        LabHost host = lab.Hosts[0];
        await host.ExecAsync("sh", "-e", "-c", "ip link set lo up; ip addr add 192.168.200.1/32 dev lo; ip link set eth0 mtu 1400");
        using var kernel = new HostKernel(host.NamespaceName);
        using RouteNetlink netlink = kernel.OpenNetlink();
        var link = new ExternalLink(
            new NetworkFamily
            {
                Network = IPNetwork.Parse("10.5.0.0/16"),
                SubnetLength = 24,
                ExternalName = "lo",
                ExternalIndex = 1,
                InterfaceAddress = IPAddress.Parse("192.168.200.1"),
                PublicAddress = IPAddress.Parse("192.168.200.1"),
            },
            netlink);

        link.Refresh();
        Assert.Equal(("lo", 1400, (string?)null), (link.State.Name, link.State.Mtu, link.State.Problem));

        netlink.ChangeLink(host.Device("eth0").Index, new LinkChange { Mtu = 1300 });
        Assert.True(link.Refresh());
        Assert.Equal(1300, link.State.Mtu);
    }
}

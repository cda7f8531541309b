using System.Net;
using Flannel.Backends.HostGateway.Tests.Support;
using Flannel.Extensibility;
using Flannel.Lab.Namespaces;

namespace Flannel.Backends.HostGateway.Tests.Kernel;

/// <summary>What cannot work is refused before anything is touched.</summary>
public sealed class RefusalTests
{
    [NetnsTheory]
    [InlineData("203.0.113.7", null, "ExternalInterface.PublicIP ", "192.168.100.1")]
    [InlineData(null, "2001:db8::7", "ExternalInterface.PublicIPv6 ", "fd00:100::1")]
    public async Task Create_PublicAddressIsNotTheInterfaces_SaysWhatToDo(
        string? publicIP, string? publicIPv6, string option, string interfaceAddress)
    {
        await using var cluster = HostGatewayCluster.Create(dualStack: true);
        LabHost host = cluster.Lab.Hosts[0];
        ExternalInterface external = host.External;
        external = external with
        {
            PublicIP = publicIP is null ? external.PublicIP : IPAddress.Parse(publicIP),
            PublicIPv6 = publicIPv6 is null ? external.PublicIPv6 : IPAddress.Parse(publicIPv6),
        };

        var refusal = await Assert.ThrowsAsync<HostGatewayAddressException>(
            () => HostGatewayNode.CreateAsync(host, HostGatewayCluster.ConfigOf(ipv6: true), external));

        Assert.False(refusal.IsTransient);
        Assert.Equal(interfaceAddress, refusal.InterfaceAddress.ToString());
        Assert.Equal(publicIP ?? publicIPv6, refusal.PublicAddress.ToString());
        Assert.All(
            [refusal.InterfaceAddress.ToString(), refusal.PublicAddress.ToString(), option, "eth0", "vxlan"],
            mention => Assert.Contains(mention, refusal.Message, StringComparison.Ordinal));
    }

    [NetnsFact]
    public async Task Create_PublicIPv6OfANetworkWithoutIPv6_DoesNotMatter()
    {
        await using var cluster = HostGatewayCluster.Create(dualStack: true);
        LabHost host = cluster.Lab.Hosts[0];
        ExternalInterface external = host.External with { PublicIPv6 = IPAddress.Parse("2001:db8::7") };

        await using IBackendNetwork network = await HostGatewayNode.CreateAsync(host, HostGatewayCluster.ConfigOf(), external);

        Assert.Null(network.Attributes.PublicIPv6);
    }

    [NetnsFact]
    public async Task Create_InterfaceIsGone_FailsForNow()
    {
        await using var cluster = HostGatewayCluster.Create();
        LabHost host = cluster.Lab.Hosts[0];
        ExternalInterface external = host.External with { Name = "eth9", Index = 4711 };

        FlannelException refusal = await Assert.ThrowsAsync<HostGatewayException>(
            () => HostGatewayNode.CreateAsync(host, HostGatewayCluster.ConfigOf(), external));

        Assert.True(refusal.IsTransient);
        Assert.Contains("eth9", refusal.Message, StringComparison.Ordinal);
    }
}

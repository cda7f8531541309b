using System.Net;
using Flannel.Backends.Vxlan.Tests.Support;
using Flannel.Extensibility;
using Flannel.Lab.Fuzzing;
using Flannel.Lab.Namespaces;

namespace Flannel.Backends.Vxlan.Tests;

/// <summary>The backend's opinion of peers.</summary>
public sealed class VxlanNetworkCheckTests
{
    [NetnsFact]
    public async Task CheckPeer_EachKindOfPeer_IsAcceptedOrRefusedWithReason()
    {
        await using var cluster = VxlanCluster.Create(1, dualStack: true);
        var options = new VxlanBackendOptions { MacAddress = "02:00:00:00:00:01", MacAddressIPv6 = "02:00:00:00:00:02" };
        await using IBackendNetwork network = await VxlanNode.CreateAsync(cluster.Lab.Hosts[0], VxlanCluster.ConfigOf(ipv6: true), options);
        Lease good = PeerOf("""{"VNI":1,"VtepMAC":"02:00:00:00:00:11"}""", """{"VNI":1,"VtepMAC":"02:00:00:00:00:12"}""");

        Assert.Null(network.CheckPeer(good));
        Assert.Null(network.CheckPeer(PeerOf("""{"VtepMAC":"02:00:00:00:00:11"}""", """{"VtepMAC":"02:00:00:00:00:12"}""")));
        Assert.Null(network.CheckPeer(VxlanCluster.PeerOf(72)));
        AssertRefused("host-gw", good with { Attributes = good.Attributes with { BackendType = "host-gw" } });
        Lease hostile = good with { Attributes = good.Attributes with { BackendType = HostileText.Sample } };
        Assert.True(HostileText.IsShown(network.CheckPeer(hostile)!, 300));
        AssertRefused("''", good with { Attributes = good.Attributes with { BackendType = null } });
        AssertRefused("BackendData is missing", good with { Attributes = good.Attributes with { BackendData = null } });
        AssertRefused("BackendV6Data is missing", good with { Attributes = good.Attributes with { BackendV6Data = null } });
        AssertRefused("PublicIP is missing", good with { Attributes = good.Attributes with { PublicIP = null } });
        AssertRefused("PublicIPv6 is missing", good with { Attributes = good.Attributes with { PublicIPv6 = null } });
        AssertRefused("VNI 2", PeerOf("""{"VNI":2,"VtepMAC":"02:00:00:00:00:11"}""", good.Attributes.BackendV6Data!));
        AssertRefused("our own", PeerOf("""{"VNI":1,"VtepMAC":"02:00:00:00:00:01"}""", good.Attributes.BackendV6Data!));
        AssertRefused("our own", PeerOf(good.Attributes.BackendData!, """{"VNI":1,"VtepMAC":"02:00:00:00:00:02"}"""));
        AssertRefused("multicast", PeerOf(good.Attributes.BackendData!, """{"VNI":1,"VtepMAC":"33:33:00:00:00:02"}"""));

        void AssertRefused(string expected, Lease peer) =>
            Assert.Contains(expected, network.CheckPeer(peer) ?? "(accepted)", StringComparison.Ordinal);
    }

    private static Lease PeerOf(string data, string dataIPv6) => new()
    {
        Key = SubnetKey.Parse("10.5.9.0-24&fd00:5:0:9::-64"),
        Attributes = new LeaseAttributes
        {
            PublicIP = IPAddress.Parse("192.168.100.9"),
            PublicIPv6 = IPAddress.Parse("fd00:100::9"),
            BackendType = "vxlan",
            BackendData = data,
            BackendV6Data = dataIPv6,
        },
    };
}

using System.Net;
using System.Net.NetworkInformation;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Links;
using Flannel.Netlink.Tests.Kernel;

namespace Flannel.Netlink.Tests.Route;

public class RouteNetlinkLinkTests
{
    [SkippableFact]
    public void GetLinks_FreshNamespace_HasTheLoopbackDevice() => IsolatedNamespace.Run(() =>
    {
        using RouteNetlink netlink = RouteNetlink.Open();

        Link loopback = Assert.Single(netlink.GetLinks(), link => link.Name == "lo");

        Assert.Equal((1, true, false, 65536), (loopback.Index, loopback.IsLoopback, loopback.IsUp, loopback.Mtu));
        Assert.Null(loopback.Kind);
    });

    [SkippableFact]
    public void FindLink_Absent_GivesNull() => IsolatedNamespace.Run(() =>
    {
        using RouteNetlink netlink = RouteNetlink.Open();

        Assert.Null(netlink.FindLink("nosuch0"));
        Assert.Null(netlink.FindLink("a name too long to exist"));
        Assert.Null(netlink.FindLink(4711));
        Assert.Equal("lo", netlink.FindLink(1)!.Name);
    });

    [SkippableFact]
    public void CreateLink_Vxlan_HasWhatWasAskedFor() => Lab.Run(lab =>
    {
        Link link = lab.Netlink.FindLink("flannel.1")!;

        Assert.Equal(("vxlan", 1450, 0, true), (link.Kind, link.Mtu, link.TxQueueLength, link.IsUp));
        Assert.Equal(PhysicalAddress.Parse("02-00-00-00-00-01"), link.Address);
        Assert.Equal(
            new VxlanInfo { Id = 1, ParentIndex = lab.Uplink.Index, Local = IPAddress.Parse("192.0.2.1"), Port = 8472, UdpChecksum = true },
            link.Vxlan);
    });

    [SkippableFact]
    public void CreateLink_VxlanOverIPv6WithGbp_HasWhatWasAskedFor() => Lab.Run(lab =>
    {
        Link link = lab.Netlink.CreateLink(new VxlanLinkSpec("flannel-v6.7")
        {
            Id = 7,
            ParentIndex = lab.Uplink.Index,
            Local = IPAddress.Parse("2001:db8::1"),
            Port = 8473,
            Gbp = true,
            Learning = true,
            Ttl = 3,
            Tos = 4,
        });

        // The kernel lowers the MTU by the overhead of an IPv6 underlay.
        Assert.Equal((1430, false), (link.Mtu, link.IsUp));
        Assert.Equal(
            (7, "2001:db8::1", 8473, true, true, (byte)3, (byte)4),
            (link.Vxlan!.Id, link.Vxlan.Local!.ToString(), link.Vxlan.Port, link.Vxlan.Gbp, link.Vxlan.Learning, link.Vxlan.Ttl, link.Vxlan.Tos));
    });

    [SkippableFact]
    public void CreateLink_NameTaken_ThrowsAlreadyExists() => Lab.Run(lab =>
    {
        NetlinkException error = Assert.Throws<NetlinkException>(() => lab.Netlink.CreateLink(new BridgeLinkSpec("flannel.1")));

        Assert.True(error.IsAlreadyExists);
        Assert.Equal("RTM_NEWLINK flannel.1 type bridge", error.Operation);
    });

    [SkippableFact]
    public void CreateLink_VethWithPeerInOtherNamespace_IsOneWire() => IsolatedNamespace.Run(() =>
    {
        using RouteNetlink here = RouteNetlink.Open();
        RouteNetlink? there = null;
        Microsoft.Win32.SafeHandles.SafeFileHandle? other = null;
        IsolatedNamespace.Run(() =>
        {
            there = RouteNetlink.Open();
            other = File.OpenHandle("/proc/thread-self/ns/net");
        });
        using (there)
        using (other)
        {
            Link link = here.CreateLink(new VethLinkSpec("v0", "v1")
            {
                PeerNamespace = other,
                Mtu = 1400,
                PeerMtu = 1300,
                PeerAddress = PhysicalAddress.Parse("02-00-00-00-00-09"),
                IsUp = true,
            });
            Link peer = there!.FindLink("v1")!;

            Assert.Null(here.FindLink("v1"));
            Assert.Equal((1400, 1300), (link.Mtu, peer.Mtu));
            Assert.Equal(PhysicalAddress.Parse("02-00-00-00-00-09"), peer.Address);
            Assert.True(link.ParentIsInOtherNamespace);
            Assert.Equal((link.Index, peer.Index), (peer.ParentIndex, link.ParentIndex));
            Assert.True(link.IsUp);
            Assert.False(peer.IsUp);
        }
    });

    [SkippableFact]
    public void ChangeLink_ManyThings_AreDoneInOneRequest() => Lab.Run(lab =>
    {
        Link bridge = lab.Netlink.CreateLink(new BridgeLinkSpec("br0"));
        lab.Netlink.CreateLink(new VethLinkSpec("v0", "v1"));
        int index = lab.Netlink.FindLink("v0")!.Index;

        lab.Netlink.ChangeLink(index, new LinkChange
        {
            Name = "port0",
            Mtu = 1280,
            Address = PhysicalAddress.Parse("02-00-00-00-00-0A"),
            MasterIndex = bridge.Index,
            TxQueueLength = 7,
            IPv6AddressGeneration = IPv6AddressGeneration.None,
            IsUp = true,
        });

        Link link = lab.Netlink.FindLink(index)!;
        Assert.Equal(("port0", 1280, bridge.Index, 7, true), (link.Name, link.Mtu, link.MasterIndex, link.TxQueueLength, link.IsUp));
        Assert.Equal(PhysicalAddress.Parse("02-00-00-00-00-0A"), link.Address);

        lab.Netlink.ChangeLink(index, new LinkChange { MasterIndex = 0, IsUp = false });

        link = lab.Netlink.FindLink(index)!;
        Assert.Equal((0, false), (link.MasterIndex, link.IsUp));
    });

    [SkippableFact]
    public void ChangeLink_IPv6AddressGenerationNone_LeavesTheDeviceWithoutLinkLocalAddress() => Lab.Run(lab =>
    {
        Link first = lab.Netlink.CreateLink(new BridgeLinkSpec("br0"));
        Link second = lab.Netlink.CreateLink(new BridgeLinkSpec("br1"));
        lab.Netlink.ChangeLink(first.Index, new LinkChange { IPv6AddressGeneration = IPv6AddressGeneration.None });
        lab.Netlink.ChangeLink(first.Index, new LinkChange { IsUp = true });
        Link flannel = lab.Netlink.FindLink("flannel.1")!;

        Assert.Empty(lab.Netlink.GetAddresses(linkIndex: first.Index));
        Assert.Empty(lab.Netlink.GetAddresses(linkIndex: second.Index));
        Assert.NotEmpty(lab.Netlink.GetAddresses(linkIndex: flannel.Index));
    });

    [SkippableFact]
    public void ChangeLink_VxlanLearningAndLocal_AreChanged() => Lab.Run(lab =>
    {
        lab.Netlink.ChangeLink(lab.Vxlan.Index, new LinkChange { VxlanLearning = true, VxlanLocal = IPAddress.Parse("192.0.2.9") });

        VxlanInfo vxlan = lab.Netlink.FindLink(lab.Vxlan.Index)!.Vxlan!;
        Assert.Equal((true, "192.0.2.9"), (vxlan.Learning, vxlan.Local!.ToString()));
    });

    [SkippableFact]
    public void ChangeLink_ToOtherNamespace_IsGoneHereAndThere() => Lab.Run(lab =>
    {
        RouteNetlink? there = null;
        IsolatedNamespace.Run(() =>
        {
            there = RouteNetlink.Open();
            using var other = File.OpenHandle("/proc/thread-self/ns/net");
            lab.Netlink.ChangeLink(lab.Netlink.FindLink("eth0p")!.Index, new LinkChange { Namespace = other, Name = "moved0" });
        });
        using (there)
        {
            Assert.Null(lab.Netlink.FindLink("eth0p"));
            Assert.NotNull(there!.FindLink("moved0"));
        }
    });

    [SkippableFact]
    public void ChangeLink_Absent_ThrowsNotFoundNamingTheDevice() => IsolatedNamespace.Run(() =>
    {
        using RouteNetlink netlink = RouteNetlink.Open();

        NetlinkException error = Assert.Throws<NetlinkException>(() => netlink.ChangeLink(4711, new LinkChange { IsUp = true }));

        Assert.True(error.IsNotFound);
        Assert.StartsWith("RTM_NEWLINK dev #4711: ENODEV", error.Message, StringComparison.Ordinal);
    });

    [SkippableFact]
    public void DeleteLink_PresentThenAbsent_TellsWhich() => Lab.Run(lab =>
    {
        Assert.True(lab.Netlink.DeleteLink(lab.Vxlan.Index));
        Assert.False(lab.Netlink.DeleteLink(lab.Vxlan.Index));
        Assert.Null(lab.Netlink.FindLink("flannel.1"));
    });

    [SkippableFact]
    public void DeleteLink_Loopback_Throws() => IsolatedNamespace.Run(() =>
    {
        using RouteNetlink netlink = RouteNetlink.Open();

        Assert.True(Assert.Throws<NetlinkException>(() => netlink.DeleteLink(1)).IsNotSupported);
    });

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("a b")]
    [InlineData("a/b")]
    [InlineData("a:b")]
    [InlineData("sixteen-bytes-00")]
    public void LinkSpec_NameTheKernelRefuses_Throws(string name)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => new BridgeLinkSpec(name));
        Assert.Contains($"'{name}' is not an interface name", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new VethLinkSpec("v0", name));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0x1000000)]
    public void VxlanLinkSpec_VniBeyond24Bits_Throws(int id) => Assert.Throws<ArgumentOutOfRangeException>(() => new VxlanLinkSpec("vx") { Id = id });

    [Theory]
    [InlineData(-1)]
    [InlineData(65536)]
    public void VxlanLinkSpec_NotAPort_Throws(int port) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new VxlanLinkSpec("vx") { Id = 1, Port = port });
}

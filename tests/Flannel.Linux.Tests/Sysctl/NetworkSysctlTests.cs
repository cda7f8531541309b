using Flannel.Extensibility;
using Flannel.Lab.Namespaces;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Links;

namespace Flannel.Linux.Tests.Sysctl;

public class NetworkSysctlTests
{
    [NetnsTheory]
    [InlineData("ipv4/ip_forward")]
    [InlineData("net/ipv4/ip_forward")]
    [InlineData("ipv4.ip_forward")]
    [InlineData("net.ipv4.ip_forward")]
    public void Write_EverySpelling_SetsItInsideOnly(string key)
    {
        using NetworkNamespace inside = NetworkNamespace.CreateAnonymous();
        using NetworkNamespace other = NetworkNamespace.CreateAnonymous();
        inside.Run(() => NetworkSysctl.Write(key, "0"));
        other.Run(() => NetworkSysctl.Write(key, "0"));

        SysctlResult written = inside.Run(() => NetworkSysctl.Write(key, "1"));

        Assert.Equal(new SysctlResult("net.ipv4.ip_forward", SysctlStatus.Ok, "1"), written);
        Assert.Equal("1", inside.Run(() => NetworkSysctl.Read("ipv4/ip_forward")).Value);
        Assert.Equal("0", other.Run(() => NetworkSysctl.Read("ipv4/ip_forward")).Value);
    }

    [NetnsTheory]
    [InlineData("ipv4/conf/eth0.100/forwarding")]
    [InlineData("net.ipv4.conf.eth0/100.forwarding")]
    public void Write_DeviceWithDot_ReachesTheDevice(string key)
    {
        using NetworkNamespace inside = NetworkNamespace.CreateAnonymous();
        using RouteNetlink netlink = inside.Run(() => RouteNetlink.Open());
        netlink.CreateLink(new BridgeLinkSpec("eth0.100"));

        SysctlResult result = inside.Run(() => NetworkSysctl.Write(key, "1"));

        Assert.Equal(new SysctlResult("net.ipv4.conf.eth0/100.forwarding", SysctlStatus.Ok, "1"), result);
        Assert.Equal("1", inside.Run(() => File.ReadAllText("/proc/sys/net/ipv4/conf/eth0.100/forwarding")).Trim());
    }

    [NetnsFact]
    public void ReadAndWrite_UnknownKey_AreNotFound()
    {
        using NetworkNamespace inside = NetworkNamespace.CreateAnonymous();

        Assert.Equal(SysctlStatus.NotFound, inside.Run(() => NetworkSysctl.Read("ipv4/conf/nope0/forwarding")).Status);
        SysctlResult written = inside.Run(() => NetworkSysctl.Write("ipv4/conf/nope0/forwarding", "1"));
        Assert.Equal("net.ipv4.conf.nope0.forwarding does not exist", written.ToString());
    }

    [NetnsFact]
    public void Write_ValueTheKernelRefuses_KeepsTheOld()
    {
        using NetworkNamespace inside = NetworkNamespace.CreateAnonymous();
        string? before = inside.Run(() => NetworkSysctl.Read("ipv4/ip_forward")).Value;

        SysctlResult result = inside.Run(() => NetworkSysctl.Write("ipv4/ip_forward", "maybe"));

        Assert.Equal(new SysctlResult("net.ipv4.ip_forward", SysctlStatus.InvalidValue, before), result);
    }

    [NetnsFact]
    public void Write_ReadOnlySetting_IsDeniedUnlessItHasTheValueAlready()
    {
        const string ReadOnly = "ipv4/tcp_available_congestion_control";
        using NetworkNamespace inside = NetworkNamespace.CreateAnonymous();
        string value = inside.Run(() => NetworkSysctl.Read(ReadOnly)).Value!;

        SysctlResult refused = inside.Run(() => NetworkSysctl.Write(ReadOnly, "none"));
        SysctlResult unchanged = inside.Run(() => NetworkSysctl.Write(ReadOnly, value));

        Assert.Equal((SysctlStatus.Denied, value), (refused.Status, refused.Value));
        Assert.Contains("CAP_NET_ADMIN", refused.ToString());
        Assert.True(unchanged.IsOk);
    }

    [Theory]
    [InlineData("")]
    [InlineData("ipv4//ip_forward")]
    [InlineData("../kernel/hostname")]
    [InlineData("ipv4/../../kernel/hostname")]
    [InlineData("/etc/passwd")]
    public void Read_KeyOutsideNet_IsRefused(string key) => Assert.ThrowsAny<ArgumentException>(() => NetworkSysctl.Read(key));
}

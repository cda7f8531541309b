using Flannel.Backends.Udp.Interop;
using Flannel.Backends.Udp.Tests.Support;
using Flannel.Backends.Udp.Tun;
using Flannel.Lab.Namespaces;

namespace Flannel.Backends.Udp.Tests.Tun;

public sealed class TunDeviceTests
{
    [Theory]
    [InlineData(LinuxErrno.ENOENT, "modprobe tun")]
    [InlineData(LinuxErrno.ENXIO, "modprobe tun")]
    [InlineData(LinuxErrno.EACCES, "--device /dev/net/tun")]
    [InlineData(LinuxErrno.EPERM, "--device /dev/net/tun")]
    public void Control_ThatCannotBeOpened_IsSaidWithWhatToDo(int errno, string advice) =>
        Assert.Contains(advice, TunDevice.RefusedControl(errno).Message, StringComparison.Ordinal);

    [Fact]
    public void Device_WithoutPrivilege_IsAMissingCapability() =>
        Assert.Equal("CAP_NET_ADMIN", Assert.IsType<MissingCapabilityException>(TunDevice.RefusedDevice(LinuxErrno.EPERM)).Capability);

    [NetnsTheory]
    [InlineData(UdpOffloads.All, UdpOffloads.TunTcp | UdpOffloads.TunUdp | UdpOffloads.WriteTcp | UdpOffloads.WriteUdp)]
    [InlineData(UdpOffloads.TunUdp, UdpOffloads.None)]
    [InlineData(UdpOffloads.WriteUdp, UdpOffloads.None)]
    [InlineData(UdpOffloads.TunTcp | UdpOffloads.WriteTcp, UdpOffloads.TunTcp | UdpOffloads.WriteTcp)]
    [InlineData(UdpOffloads.SendSegmentation, UdpOffloads.None)]
    public async Task Open_WithOffloads_TakesThoseOfTheDeviceOnly(UdpOffloads wanted, UdpOffloads taken)
    {
        await using var lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        using TunDevice tun = lab.Hosts[0].Run(() => TunDevice.Open(wanted));

        Assert.Equal((taken, taken != UdpOffloads.None, "flannel0"), (tun.Offloads, tun.HasVirtioHeader, tun.Name));
        Assert.NotNull(lab.Hosts[0].Netlink.FindLink("flannel0"));
        tun.Dispose();
        Assert.Null(lab.Hosts[0].Netlink.FindLink("flannel0"));
    }

    [NetnsFact]
    public async Task Open_Twice_TakesTheNextName()
    {
        await using var lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        using TunDevice first = lab.Hosts[0].Run(() => TunDevice.Open(UdpOffloads.None));
        using TunDevice second = lab.Hosts[0].Run(() => TunDevice.Open(UdpOffloads.None));

        Assert.Equal(("flannel0", "flannel1"), (first.Name, second.Name));
    }

    [NetnsFact]
    public async Task Open_OnAHostWithoutTheControl_SaysWhatToDo()
    {
        await using var lab = NetworkLab.Create(new LabOptions { Hosts = 1 });

        Exception? exception = Deprivation.WithoutTunControl(lab.Hosts[0], static () => TunDevice.Open(UdpOffloads.All).Dispose());

        Assert.Contains("modprobe tun", Assert.IsType<TunDeviceException>(exception).Message, StringComparison.Ordinal);
        Assert.Contains("--device /dev/net/tun", exception.Message, StringComparison.Ordinal);
        using TunDevice elsewhere = lab.Hosts[0].Run(static () => TunDevice.Open(UdpOffloads.All));
    }

    [NetnsFact]
    public async Task Open_WithoutPrivilege_IsAMissingCapability()
    {
        await using var lab = NetworkLab.Create(new LabOptions { Hosts = 1 });

        Exception? exception = Deprivation.WithoutNetAdmin(lab.Hosts[0], static () => TunDevice.Open(UdpOffloads.All).Dispose());

        Assert.Equal("CAP_NET_ADMIN", Assert.IsType<MissingCapabilityException>(exception).Capability);
        Assert.Contains("CAP_NET_ADMIN", exception.Message, StringComparison.Ordinal);
        using TunDevice elsewhere = lab.Hosts[0].Run(static () => TunDevice.Open(UdpOffloads.All));
    }
}

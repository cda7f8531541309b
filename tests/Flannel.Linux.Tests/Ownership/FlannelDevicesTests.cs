using Flannel.Extensibility;
using Flannel.Netlink.Route.Links;

namespace Flannel.Linux.Tests.Ownership;

public sealed class FlannelDevicesTests
{
    [Theory]
    [InlineData("flannel.1", "vxlan", true)]
    [InlineData("flannel.9999999", "vxlan", true)]
    [InlineData("flannel-v6.1", "vxlan", true)]
    [InlineData("flannel0", "tun", true)]
    [InlineData("flannel12", "tun", true)]
    [InlineData("flannel.ipip", "ipip", true)]
    [InlineData("flannel-wg", "wireguard", true)]
    [InlineData("flannel-wg-v6", "wireguard", true)]
    [InlineData("flannel.1", "bridge", false)]
    [InlineData("flannel.1", "dummy", false)]
    [InlineData("flannel0", "vxlan", false)]
    [InlineData("flannel.1", null, false)]
    [InlineData("vxlan.calico", "vxlan", false)]
    [InlineData("cilium_vxlan", "vxlan", false)]
    [InlineData("flannel.x", "vxlan", false)]
    [InlineData("myflannel.1", "vxlan", false)]
    public void IsOne_NameAndKind_MustGoTogether(string name, string? kind, bool expected) =>
        Assert.Equal(expected, FlannelDevices.IsOne(new Link { Index = 7, Name = name, Kind = kind }));

    [Fact]
    public void IsOne_DeviceUnderExternalControl_IsSomebodyElses() =>
        Assert.False(
            FlannelDevices.IsOne(new Link { Index = 7, Name = "flannel.1", Kind = "vxlan", Vxlan = new VxlanInfo { CollectMetadata = true } }));

    [Theory]
    [InlineData("tun", LinkFlags.Up | LinkFlags.LowerUp, true)]
    [InlineData("tun", LinkFlags.Up, false)]
    [InlineData("vxlan", LinkFlags.Up | LinkFlags.LowerUp, false)]
    public void IsInUse_TunWithACarrier_IsOpenSomewhere(string kind, LinkFlags flags, bool expected) =>
        Assert.Equal(expected, FlannelDevices.IsInUse(new Link { Index = 7, Name = "flannel0", Kind = kind, Flags = flags }));
}

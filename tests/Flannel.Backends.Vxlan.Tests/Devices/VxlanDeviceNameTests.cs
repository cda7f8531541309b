using System.Net.Sockets;
using Flannel.Backends.Vxlan.Devices;

namespace Flannel.Backends.Vxlan.Tests.Devices;

public sealed class VxlanDeviceNameTests
{
    [Theory]
    [InlineData(0, AddressFamily.InterNetwork, "flannel.0")]
    [InlineData(1, AddressFamily.InterNetwork, "flannel.1")]
    [InlineData(9_999_999, AddressFamily.InterNetwork, "flannel.9999999")]
    [InlineData(1, AddressFamily.InterNetworkV6, "flannel-v6.1")]
    [InlineData(9_999, AddressFamily.InterNetworkV6, "flannel-v6.9999")]
    public void For_VniThatFits_GivesFlannelsName(int vni, AddressFamily family, string expected)
    {
        string name = VxlanDeviceName.For(vni, family);

        Assert.Equal(expected, name);
        Assert.InRange(name.Length, 1, 15);
    }

    [Theory]
    [InlineData(10_000_000, AddressFamily.InterNetwork, "9999999")]
    [InlineData(16_777_215, AddressFamily.InterNetwork, "9999999")]
    [InlineData(10_000, AddressFamily.InterNetworkV6, "9999")]
    public void For_VniThatDoesNotFit_SaysTheLargest(int vni, AddressFamily family, string largest)
    {
        var exception = Assert.Throws<VxlanDeviceException>(() => VxlanDeviceName.For(vni, family));

        Assert.Contains($"to {largest} or less", exception.Message, StringComparison.Ordinal);
    }
}

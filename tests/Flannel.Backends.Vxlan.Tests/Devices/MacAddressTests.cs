using System.Net.NetworkInformation;
using Flannel.Backends.Vxlan.Devices;

namespace Flannel.Backends.Vxlan.Tests.Devices;

public sealed class MacAddressTests
{
    [Fact]
    public void NewRandom_ManyTimes_GivesDifferentLocalUnicastAddresses()
    {
        var random = new Random(1);
        PhysicalAddress[] macs = [.. Enumerable.Range(0, 1000).Select(_ => MacAddress.NewRandom(random))];

        Assert.Equal(macs.Length, macs.Distinct().Count());
        Assert.All(macs, mac =>
        {
            Assert.True(MacAddress.IsUsable(mac));
            Assert.Equal(2, mac.GetAddressBytes()[0] & 3);
            Assert.True(MacAddress.TryParse(MacAddress.Format(mac), out PhysicalAddress? parsed));
            Assert.Equal(mac, parsed);
        });
    }
}

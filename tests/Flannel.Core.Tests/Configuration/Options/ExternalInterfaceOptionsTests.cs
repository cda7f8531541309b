using System.Net;
using System.Reflection;

namespace Flannel.Core.Tests.Configuration.Options;

public sealed class ExternalInterfaceOptionsTests
{
    // The copy is written by hand, so that a new property could be forgotten.
    [Fact]
    public void With_NoOtherAddress_IsTheSameInEveryProperty()
    {
        var options = new ExternalInterfaceOptions
        {
            Name = "a",
            CanReach = "b",
            PublicIP = "c",
            PublicIPv6 = "d",
            Names = { "e" },
            Patterns = { "f" },
        };
        ExternalInterfaceOptions copy = options.With(null, null);
        foreach (PropertyInfo property in typeof(ExternalInterfaceOptions).GetProperties())
        {
            Assert.NotNull(property.GetValue(options));
            Assert.Equal(property.GetValue(options), property.GetValue(copy));
        }
    }

    [Fact]
    public void With_OtherAddresses_ReplacesThemAndLeavesTheOriginal()
    {
        var options = new ExternalInterfaceOptions { Name = "eth0", PublicIP = "192.0.2.1" };
        ExternalInterfaceOptions other = options.With(IPAddress.Parse("192.0.2.2"), IPAddress.Parse("2001:db8::2"));
        Assert.Equal(("eth0", "192.0.2.2", "2001:db8::2"), (other.Name, other.PublicIP, other.PublicIPv6));
        Assert.Equal(("192.0.2.1", null), (options.PublicIP, options.PublicIPv6));
    }
}

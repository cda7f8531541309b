using Microsoft.Extensions.Options;

namespace Flannel.Backends.Vxlan.Tests;

public sealed class VxlanBackendOptionsTests
{
    [Fact]
    public void Validate_Defaults_Succeeds() => Assert.Empty(Validate(new VxlanBackendOptions()));

    [Fact]
    public void Validate_AllLimits_Succeeds()
    {
        var least = new VxlanBackendOptions { NexthopThreshold = 0, MacAddress = "c6:d2:32:6f:8f:44", MacAddressIPv6 = "c6:d2:32:6f:8f:45" };
        Assert.Empty(Validate(least));
        Assert.Empty(Validate(new VxlanBackendOptions { NexthopThreshold = 1_000_000 }));
    }

    [Theory]
    [InlineData("")]
    [InlineData("c6:d2:32:6f:8f")]
    [InlineData("01:00:5e:00:00:01")]
    [InlineData("00:00:00:00:00:00")]
    public void Validate_EverythingWrong_NamesEveryOption(string mac)
    {
        string[] failures = Validate(new VxlanBackendOptions { NexthopThreshold = -1, MacAddress = mac, MacAddressIPv6 = mac });

        Assert.Contains(failures, static failure => failure.Contains("NexthopThreshold", StringComparison.Ordinal));
        Assert.Contains(failures, static failure => failure.Contains("MacAddress:", StringComparison.Ordinal));
        Assert.Contains(failures, static failure => failure.Contains("MacAddressIPv6", StringComparison.Ordinal));
    }

    private static string[] Validate(VxlanBackendOptions options) =>
        [.. new IValidateOptions<VxlanBackendOptions>[] { new VxlanBackendOptionsValidator(), new VxlanBackendOptionsRules() }
            .SelectMany(validator => validator.Validate(null, options).Failures ?? [])];
}

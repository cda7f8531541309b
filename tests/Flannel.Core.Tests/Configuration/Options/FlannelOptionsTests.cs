using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Flannel.Core.Tests.Configuration.Options;

/// <summary>The addresses in a node's options: what no other host could reach is refused at start, by the rules that peers are judged by.</summary>
public sealed class FlannelOptionsTests
{
    [Theory]
    [InlineData("192.0.2.1")]
    [InlineData("10.0.0.1")]
    [InlineData("100.64.0.1")]
    [InlineData("223.255.255.254")]
    public void PublicIP_OfAHost_IsAccepted(string address) => Validate(external => external.PublicIP = address);

    [Theory]
    [InlineData("2001:db8::1")]
    [InlineData("fd00::1")]
    [InlineData("2001:DB8:0::1")]
    public void PublicIPv6_OfAHost_IsAccepted(string address) => Validate(external => external.PublicIPv6 = address);

    [Theory]
    [InlineData("127.0.0.1", "a loopback address")]
    [InlineData("127.1.2.3", "a loopback address")]
    [InlineData("0.0.0.0", "names no host")]
    [InlineData("0.0.0.1", "names no host")]
    [InlineData("169.254.1.1", "a link-local address")]
    [InlineData("224.0.0.1", "a multicast address")]
    [InlineData("239.255.255.255", "a multicast address")]
    [InlineData("240.0.0.1", "a reserved address")]
    [InlineData("255.255.255.255", "the broadcast address")]
    [InlineData("", "an IPv4 address")]
    [InlineData("eth0", "an IPv4 address")]
    [InlineData("10.1", "an IPv4 address")]
    [InlineData("1", "an IPv4 address")]
    [InlineData("010.0.0.1", "an IPv4 address")]
    [InlineData("10.0.0.1/24", "an IPv4 address")]
    [InlineData("10.0.0.1:8472", "an IPv4 address")]
    [InlineData(" 10.0.0.1", "an IPv4 address")]
    [InlineData("2001:db8::1", "an IPv4 address")]
    public void PublicIP_OfNoHost_IsRefused(string address, string reason) =>
        AssertRefused("PublicIP", address, reason, external => external.PublicIP = address);

    [Theory]
    [InlineData("::", "names no host")]
    [InlineData("::1", "a loopback address")]
    [InlineData("fe80::1", "a link-local address")]
    [InlineData("ff02::1", "a multicast address")]
    [InlineData("::ffff:192.0.2.1", "an IPv4 address in IPv6 form")]
    [InlineData("fe80::1%eth0", "an IPv6 address")]
    [InlineData("[2001:db8::1]", "an IPv6 address")]
    [InlineData("2001:db8::1/64", "an IPv6 address")]
    [InlineData("192.0.2.1", "an IPv6 address")]
    public void PublicIPv6_OfNoHost_IsRefused(string address, string reason) =>
        AssertRefused("PublicIPv6", address, reason, external => external.PublicIPv6 = address);

    [Theory]
    [InlineData("0.0.0.1")]
    [InlineData("fe80::1")]
    [InlineData("127.0.0.1")]
    public void CanReach_IsAskedOfTheKernel_WhateverAddressItIs(string address) => Validate(external => external.CanReach = address);

    [Theory]
    [InlineData("192.0.2.1", true)]
    [InlineData("192.0.2.0/24", true)]
    [InlineData("2001:db8::/32", true)]
    [InlineData("192.0.2.1/24", true)]
    [InlineData("10.1", false)]
    [InlineData("nat", false)]
    [InlineData("", false)]
    public void GuardSenders_AreAddressesAndRanges(string sender, bool isAccepted)
    {
        var services = new ServiceCollection();
        services.AddFlannel(options => options.Guard.Senders.Add(sender));
        using ServiceProvider provider = services.BuildServiceProvider();
        void Read() => _ = provider.GetRequiredService<IOptionsMonitor<FlannelOptions>>().Get(Microsoft.Extensions.Options.Options.DefaultName);

        if (isAccepted) Read();
        else Assert.Contains($"Guard.Senders: has '{sender}'", Assert.Throws<OptionsValidationException>(Read).Message, StringComparison.Ordinal);
    }

    private static void AssertRefused(string option, string address, string reason, Action<ExternalInterfaceOptions> configure)
    {
        string failure = Assert.Single(Assert.Throws<OptionsValidationException>(() => Validate(configure)).Failures);

        Assert.Contains($"ExternalInterface.{option}: is '{address}'", failure, StringComparison.Ordinal);
        Assert.Contains(reason, failure, StringComparison.Ordinal);
    }

    private static void Validate(Action<ExternalInterfaceOptions> configure)
    {
        var services = new ServiceCollection();
        services.AddFlannel(options => configure(options.ExternalInterface));
        using ServiceProvider provider = services.BuildServiceProvider();
        _ = provider.GetRequiredService<IOptionsMonitor<FlannelOptions>>().Get(Microsoft.Extensions.Options.Options.DefaultName);
    }
}

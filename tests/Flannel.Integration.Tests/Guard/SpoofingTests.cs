using Flannel.Lab.Namespaces;
using Xunit.Abstractions;

namespace Flannel.Integration.Tests.Guard;

/// <summary>
/// What hosts and containers try that they must not: 19 cases, as real packets on real devices. Without the guard they show that the packets are good.
/// </summary>
public sealed class SpoofingTests(ITestOutputHelper output)
{
    private const string Vxlan = """{"Type":"vxlan"}""";
    private const string Udp = """{"Type":"udp"}""";

    /// <summary>What passes: the two legitimate ones, and the one that only cryptography could tell from them.</summary>
    private static readonly SpoofingCase[] Good =
        [SpoofingCase.PeerToTheTunnelAddress, SpoofingCase.StrangerAsThePeer, SpoofingCase.Legitimate];

    [NetnsTheory]
    [InlineData(Vxlan, false)]
    [InlineData(Vxlan, true)]
    [InlineData(Udp, false)]
    [InlineData(Udp, true)]
    public async Task Guarded_OnlyLegitimatePacketsPass(string backend, bool isIPv6)
    {
        await using SpoofingLab lab = await SpoofingLab.StartAsync(backend, isIPv6);

        AssertPassed(Good, await lab.RunAsync());
    }

    [NetnsTheory]
    [InlineData(Vxlan, false)]
    [InlineData(Vxlan, true)]
    [InlineData(Udp, false)]
    [InlineData(Udp, true)]
    public async Task Unguarded_WhatTheGuardIsFor(string backend, bool isIPv6)
    {
        SpoofingCase[] refusedByTheKernel = isIPv6 ? [] : [SpoofingCase.StrangerAsTheTarget, SpoofingCase.PeerAsTheTarget];
        await using SpoofingLab lab = await SpoofingLab.StartAsync(backend, isIPv6, static lab => lab.Guard.Enabled = false);

        AssertPassed(
            backend == Udp ? [.. Good, SpoofingCase.RemoteContainerToTheTunnelPort] : [.. Enum.GetValues<SpoofingCase>().Except(refusedByTheKernel)],
            await lab.RunAsync());
    }

    private void AssertPassed(IReadOnlyCollection<SpoofingCase> good, IReadOnlyDictionary<SpoofingCase, int> arrived)
    {
        foreach ((SpoofingCase number, int count) in arrived) output.WriteLine($"{(int)number,2} {number}: {count}");
        Assert.Equal(
            arrived.Keys.Select(number => (number, good.Contains(number) ? SpoofingLab.PacketsPerCase : 0)),
            arrived.Select(static pair => (pair.Key, pair.Value)));
    }
}

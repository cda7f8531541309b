using Flannel.Lab.Backends;
using Flannel.Lab.Namespaces;
using Xunit.Abstractions;

namespace Flannel.Integration.Tests.Guard;

/// <summary>
/// What hosts and containers try that they must not: 19 cases, as real packets on real devices. Without the guard they show that the packets are
/// good.
/// </summary>
public sealed class SpoofingTests(ITestOutputHelper output)
{
    private const string Vxlan = """{"Type":"vxlan"}""";
    private const string HostGateway = """{"Type":"host-gw"}""";
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

    [NetnsTheory]
    [InlineData(Vxlan, nameof(GuardOptions.AcceptUnknownSenders), SpoofingCase.StrangerAsContainerWithThePeersMac, SpoofingCase.StrangerToTheTunnelAddress, SpoofingCase.StrangerInFragments)]
    [InlineData(Vxlan, nameof(GuardOptions.Senders), SpoofingCase.StrangerAsContainerWithThePeersMac, SpoofingCase.StrangerToTheTunnelAddress, SpoofingCase.StrangerInFragments)]
    [InlineData(Vxlan, nameof(GuardOptions.AcceptContainers), SpoofingCase.OwnContainerToTheTunnelPort, SpoofingCase.RemoteContainerToTheTunnelPort, SpoofingCase.RemoteContainerThroughTheTunnelToTheTunnelPort)]
    [InlineData(Vxlan, nameof(GuardOptions.AcceptForeignSources), SpoofingCase.PeerAsNobody, SpoofingCase.PeerAsTheInternet, SpoofingCase.StrangerAsThePeerWithAForeignSource)]
    [InlineData(Vxlan, nameof(GuardOptions.AcceptForeignDestinations), SpoofingCase.PeerToThePublicAddress, SpoofingCase.PeerToTheLan)]
    [InlineData(Udp, nameof(GuardOptions.AcceptUnknownSenders), SpoofingCase.StrangerAsContainer, SpoofingCase.StrangerAsContainerWithThePeersMac, SpoofingCase.StrangerToTheTunnelAddress, SpoofingCase.StrangerInFragments)]
    [InlineData(Udp, nameof(GuardOptions.Senders), SpoofingCase.StrangerAsContainer, SpoofingCase.StrangerAsContainerWithThePeersMac, SpoofingCase.StrangerToTheTunnelAddress, SpoofingCase.StrangerInFragments)]
    [InlineData(Udp, nameof(GuardOptions.AcceptContainers), SpoofingCase.RemoteContainerToTheTunnelPort)]
    [InlineData(Udp, nameof(GuardOptions.AcceptForeignSources), SpoofingCase.PeerAsNobody, SpoofingCase.PeerAsTheInternet, SpoofingCase.StrangerAsThePeerWithAForeignSource, SpoofingCase.PeerAsTheInternetInVlanTags)]
    [InlineData(Udp, nameof(GuardOptions.AcceptForeignDestinations), SpoofingCase.PeerToThePublicAddress, SpoofingCase.PeerToTheLan)]
    public async Task Option_RelaxesItsRuleAndNoOther(string backend, string option, params SpoofingCase[] more)
    {
        foreach (bool isIPv6 in new[] { false, true })
        {
            await using SpoofingLab lab = await SpoofingLab.StartAsync(backend, isIPv6, lab => Relax(lab, option));

            AssertPassed([.. Good, .. more], await lab.RunAsync());
        }
    }

    [NetnsTheory]
    [InlineData(Vxlan, false)]
    [InlineData(Vxlan, true)]
    [InlineData(Udp, false)]
    [InlineData(Udp, true)]
    public async Task Drops_AreCountedByReasonAndLogged(string backend, bool isIPv6)
    {
        await using SpoofingLab lab = await SpoofingLab.StartAsync(backend, isIPv6);
        await lab.RunAsync();

        // Seven cases of strangers and the fragments; what containers send over the LAN their own host holds back. Of what comes through udp's tunnel
        // to the port, the packet filter sees as one packet what was joined on the way.
        int fewest = backend == Udp ? 11 : 20;
        BackendStatus status = await lab.Backends.Network(1).WaitAsync(
            status => status.Guard!.Drops is { Total: var total, Container: var container } && total - container == 150 && container >= fewest);
        GuardDrops drops = status.Guard!.Drops;
        Assert.InRange(drops.Container, fewest, 20);
        Assert.Equal(new GuardDrops(UnknownSender: 80, drops.Container, ForeignSource: 50, ForeignDestination: 20), drops);
        await Overlay.Eventually.IsTrueAsync(
            () => lab.Backends.Log.Any(static line => line.Contains("has dropped", StringComparison.Ordinal)), "word of the drops in the log");
    }

    /// <summary>Where packets travel as they are, nothing says who sent them; but they are not this host's containers'.</summary>
    [NetnsTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task HostGateway_OwnContainersAsSource_AreRefusedFromOutside(bool isIPv6)
    {
        await using SpoofingLab guarded = await SpoofingLab.StartAsync(HostGateway, isIPv6);
        Assert.Equal(0, await guarded.SendPastTheTunnelAsync(asOwnContainer: true));
        Assert.Equal(SpoofingLab.PacketsPerCase, await guarded.SendPastTheTunnelAsync(asOwnContainer: false));

        await using SpoofingLab open = await SpoofingLab.StartAsync(HostGateway, isIPv6, static lab => lab.Guard.Enabled = false);
        Assert.Equal(SpoofingLab.PacketsPerCase, await open.SendPastTheTunnelAsync(asOwnContainer: true));
    }

    [NetnsFact]
    public async Task OtherVxlanOnTheSamePort_IsLeftAlone()
    {
        await using SpoofingLab lab = await SpoofingLab.StartAsync(Vxlan, isIPv6: false);
        LabHost target = lab.Backends.Hosts[1];
        LabHost stranger = lab.Backends.Hosts[2];
        await Join(target, 2, stranger);
        await Join(stranger, 3, target);

        Assert.True((await stranger.PingAsync(System.Net.IPAddress.Parse("172.30.0.2"))).AllAnswered);

        static Task Join(LabHost host, int number, LabHost other) => Backends.BackendLab.Sh(host, $"""
            ip link add other type vxlan id 2 dstport 8472 local {host.Address} remote {other.Address} dev eth0
            ip addr add 172.30.0.{number}/24 dev other
            ip link set other up
            """);
    }

    private static void Relax(Backends.BackendLab lab, string option)
    {
        switch (option)
        {
            case nameof(GuardOptions.AcceptUnknownSenders): lab.Guard.AcceptUnknownSenders = true; break;
            case nameof(GuardOptions.AcceptContainers): lab.Guard.AcceptContainers = true; break;
            case nameof(GuardOptions.AcceptForeignSources): lab.Guard.AcceptForeignSources = true; break;
            case nameof(GuardOptions.AcceptForeignDestinations): lab.Guard.AcceptForeignDestinations = true; break;
            default:
                lab.AcceptUnknownSenders = true; // udp's own, which the list narrows
                foreach (string sender in new[] { "192.168.100.3", "192.168.100.2/31", "fd00:100::3", "203.0.113.0/24", "203.0.113.8" })
                    lab.Guard.Senders.Add(sender);
                break;
        }
    }

    private void AssertPassed(IReadOnlyCollection<SpoofingCase> good, IReadOnlyDictionary<SpoofingCase, int> arrived)
    {
        foreach ((SpoofingCase number, int count) in arrived) output.WriteLine($"{(int)number,2} {number}: {count}");
        Assert.Equal(
            arrived.Keys.Select(number => (number, good.Contains(number) ? SpoofingLab.PacketsPerCase : 0)),
            arrived.Select(static pair => (pair.Key, pair.Value)));
    }
}

using Flannel.Lab.Backends;
using Flannel.Lab.Namespaces;
using Xunit.Abstractions;

namespace Flannel.Integration.Tests.Guard;

/// <summary>
/// What hosts and containers try that they must not: 31 cases, as real packets on real devices. Without the guard they show that the packets are
/// good.
/// </summary>
public sealed class SpoofingTests(ITestOutputHelper output)
{
    private const string Vxlan = """{"Type":"vxlan"}""";
    private const string HostGateway = """{"Type":"host-gw"}""";
    private const string DirectRouting = """{"Type":"vxlan","DirectRouting":true}""";
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
        SpoofingCase[] forgedOrAsItself =
        [
            SpoofingCase.RemoteContainerToTheTunnelPort,
            SpoofingCase.OwnContainerAsThePeer,
            SpoofingCase.RemoteContainerAsAnotherPeer,
            SpoofingCase.RemoteContainerAsItsHost,
        ];
        await using SpoofingLab lab = await SpoofingLab.StartAsync(backend, isIPv6, static lab => lab.Guard.Enabled = false);

        AssertPassed(
            [.. (backend == Udp ? [.. Good, .. forgedOrAsItself] : Enum.GetValues<SpoofingCase>()).Except(RefusedByTheKernel(isIPv6))],
            await lab.RunAsync());
    }

    [NetnsTheory]
    [InlineData(Vxlan, nameof(GuardOptions.AcceptUnknownSenders),
        SpoofingCase.StrangerAsContainerWithThePeersMac, SpoofingCase.StrangerToTheTunnelAddress, SpoofingCase.StrangerInFragments,
        SpoofingCase.PeerAsAnotherPeer)]
    [InlineData(Vxlan, nameof(GuardOptions.Senders),
        SpoofingCase.StrangerAsContainerWithThePeersMac, SpoofingCase.StrangerToTheTunnelAddress, SpoofingCase.StrangerInFragments)]
    [InlineData(Vxlan, nameof(GuardOptions.AcceptContainers),
        SpoofingCase.OwnContainerToTheTunnelPort, SpoofingCase.RemoteContainerToTheTunnelPort,
        SpoofingCase.RemoteContainerThroughTheTunnelToTheTunnelPort, SpoofingCase.OwnContainerAsThePeer, SpoofingCase.RemoteContainerAsAnotherPeer,
        SpoofingCase.RemoteContainerAsItsHost, SpoofingCase.RemoteContainerToASecondAddress, SpoofingCase.RemoteContainerAsItsHostToASecondAddress)]
    [InlineData(Vxlan, nameof(GuardOptions.AcceptForeignSources),
        SpoofingCase.PeerAsNobody, SpoofingCase.PeerAsTheInternet, SpoofingCase.StrangerAsThePeerWithAForeignSource)]
    [InlineData(Vxlan, nameof(GuardOptions.AcceptForeignDestinations), SpoofingCase.PeerToThePublicAddress, SpoofingCase.PeerToTheLan)]
    [InlineData(Udp, nameof(GuardOptions.AcceptUnknownSenders),
        SpoofingCase.StrangerAsContainer, SpoofingCase.StrangerAsContainerWithThePeersMac, SpoofingCase.StrangerToTheTunnelAddress,
        SpoofingCase.StrangerInFragments)]
    [InlineData(Udp, nameof(GuardOptions.Senders),
        SpoofingCase.StrangerAsContainer, SpoofingCase.StrangerAsContainerWithThePeersMac, SpoofingCase.StrangerToTheTunnelAddress,
        SpoofingCase.StrangerInFragments)]
    [InlineData(Udp, nameof(GuardOptions.AcceptContainers),
        SpoofingCase.RemoteContainerToTheTunnelPort, SpoofingCase.OwnContainerAsThePeer, SpoofingCase.RemoteContainerAsAnotherPeer,
        SpoofingCase.RemoteContainerAsItsHost)]
    [InlineData(Udp, nameof(GuardOptions.AcceptForeignSources),
        SpoofingCase.PeerAsNobody, SpoofingCase.PeerAsTheInternet, SpoofingCase.StrangerAsThePeerWithAForeignSource,
        SpoofingCase.PeerAsTheInternetInVlanTags, SpoofingCase.PeerAsAnotherPeer)]
    [InlineData(Udp, nameof(GuardOptions.AcceptForeignDestinations), SpoofingCase.PeerToThePublicAddress, SpoofingCase.PeerToTheLan)]
    public async Task Option_RelaxesItsRuleAndNoOther(string backend, string option, params SpoofingCase[] more)
    {
        foreach (bool isIPv6 in new[] { false, true })
        {
            await using SpoofingLab lab = await SpoofingLab.StartAsync(backend, isIPv6, lab => Relax(lab, option));

            AssertPassed([.. Good, .. more.Except(RefusedByTheKernel(isIPv6))], await lab.RunAsync());
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

        // Strangers are seven cases and the fragments; what containers send over the LAN their own host holds back. A peer that passes for another
        // one is told by its MAC at vxlan's port, so that it is an unknown sender, and at udp's by the source of what it sends. Of what comes through
        // udp's tunnel to the port, the packet filter sees as one packet what was joined on the way.
        bool isUdp = backend == Udp;
        int fewest = isUdp ? 21 : 30;
        BackendStatus status = await lab.Backends.Network(1).WaitAsync(
            status => status.Guard!.Drops is { Total: var total, Container: var container } && total - container == 180 && container >= fewest);
        GuardDrops drops = status.Guard!.Drops;
        Assert.InRange(drops.Container, fewest, 30);
        Assert.Equal(new GuardDrops(isUdp ? 80 : 90, drops.Container, isUdp ? 80 : 70, ForeignDestination: 20), drops);
        await Overlay.Eventually.IsTrueAsync(
            () => lab.Backends.Log.Any(static line => line.Contains("has dropped", StringComparison.Ordinal)), "word of the drops in the log");
    }

    /// <summary>Where packets travel as they are, nothing says who sent them; but they are not this host's containers'.</summary>
    [NetnsTheory]
    [InlineData(HostGateway, false)]
    [InlineData(HostGateway, true)]
    [InlineData(DirectRouting, false)]
    [InlineData(DirectRouting, true)]
    public async Task PastTheTunnel_OwnContainersAsSource_AreRefusedFromOutside(string backend, bool isIPv6)
    {
        await using SpoofingLab guarded = await SpoofingLab.StartAsync(backend, isIPv6);
        Assert.Equal(0, await guarded.SendPastTheTunnelAsync(asOwnContainer: true));
        Assert.Equal(SpoofingLab.PacketsPerCase, await guarded.SendPastTheTunnelAsync(asOwnContainer: false));

        await using SpoofingLab open = await SpoofingLab.StartAsync(backend, isIPv6, static lab => lab.Guard.Enabled = false);
        Assert.Equal(SpoofingLab.PacketsPerCase, await open.SendPastTheTunnelAsync(asOwnContainer: true));
    }

    /// <summary>A second interface to the outside is no way in either, whatever the kernel's filter of reverse paths is set to.</summary>
    [NetnsTheory]
    [InlineData(HostGateway, false)]
    [InlineData(HostGateway, true)]
    [InlineData(DirectRouting, false)]
    [InlineData(DirectRouting, true)]
    public async Task PastTheTunnel_OwnContainersAsSource_AreRefusedOverAnotherInterface(string backend, bool isIPv6)
    {
        await using SpoofingLab guarded = await StartAsync();
        Assert.Equal(0, await guarded.SendPastTheTunnelAsync(asOwnContainer: true, "eth2"));
        Assert.Equal(SpoofingLab.PacketsPerCase, await guarded.SendPastTheTunnelAsync(asOwnContainer: false, "eth2"));
        await guarded.Backends.Network(1).WaitAsync(static status => status.Guard!.Drops.ForeignSource == SpoofingLab.PacketsPerCase);

        await using SpoofingLab open = await StartAsync(static lab => lab.Guard.Enabled = false);
        Assert.Equal(SpoofingLab.PacketsPerCase, await open.SendPastTheTunnelAsync(asOwnContainer: true, "eth2"));

        async Task<SpoofingLab> StartAsync(Action<Backends.BackendLab>? change = null)
        {
            SpoofingLab lab = await SpoofingLab.StartAsync(backend, isIPv6, change);
            await lab.AddInterfacesAsync("eth2");
            return lab;
        }
    }

    /// <summary>
    /// Hosts with several interfaces to the outside get packets of peers over others than the external interface, and may answer over another one,
    /// unless what they come over may lead to containers as well.
    /// </summary>
    [NetnsTheory]
    [InlineData("eth1", true, SpoofingLab.PacketsPerCase)]
    [InlineData("eth1", false, 0)]
    [InlineData("eth2", false, SpoofingLab.PacketsPerCase)]
    public async Task PeersPackets_OverAnotherInterface(string @interface, bool isWayBack, int arrived)
    {
        foreach (bool isIPv6 in new[] { false, true })
        {
            await using SpoofingLab lab = await SpoofingLab.StartAsync(Vxlan, isIPv6);
            LabHost peer = lab.Backends.Hosts[0];
            LabHost target = lab.Backends.Hosts[1];
            await Backends.BackendLab.Sh(peer, $"ip link add eth1 type veth peer name eth1 address 02:00:00:00:00:01 netns {target.NamespaceName}");
            await AddMacvlan(peer, "02:00:00:00:01:02");
            await AddMacvlan(target, "02:00:00:00:00:02");
            foreach (LabHost host in new[] { peer, target })
            {
                foreach (string device in new[] { "eth1", "eth2" })
                {
                    await Overlay.Eventually.IsTrueAsync(
                        async () => (await host.ExecAsync("cat", $"/sys/class/net/{device}/operstate")).StartsWith("up", StringComparison.Ordinal),
                        $"{device} is up");
                }
            }

            string to = (isIPv6 ? target.AddressIPv6 : target.Address)!.ToString();
            string from = (isIPv6 ? peer.AddressIPv6 : peer.Address)!.ToString();
            if (isWayBack) await Backends.BackendLab.Sh(target, $"ip route add {from} dev {@interface}");
            await Backends.BackendLab.Sh(peer, $"""
                ip neigh add {to} dev {@interface} lladdr 02:00:00:00:00:0{@interface[^1]}
                ip route add {to} dev {@interface} src {from}
                """);

            int dropped = SpoofingLab.PacketsPerCase - arrived;
            Assert.Equal(arrived, await lab.RunAsync(SpoofingCase.PeerToTheTunnelAddress, dropped == 0 ? null : LeadBackAsync));
            await lab.Backends.Network(1).WaitAsync(status => status.Guard!.Drops.Container == dropped);

            // What the guard refuses is refused of the tunnel, too.
            Task<string> LeadBackAsync() => Backends.BackendLab.Sh(peer, $"ip route del {to} dev {@interface}");
        }

        static Task AddMacvlan(LabHost host, string mac) => Backends.BackendLab.Sh(host, $"""
            ip link add link eth1 name eth2 address {mac} type macvlan
            ip link set eth1 up
            ip link set eth2 up
            """);
    }

    /// <summary>The port's rules see a super-packet once, by its first segment; the kernel takes it apart behind them.</summary>
    [NetnsTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task SuperPackets_WhoseFirstSegmentIsAnotherNetworks_DoNotPass(bool isIPv6)
    {
        SpoofingCase[] senders = [SpoofingCase.StrangerAsContainerWithThePeersMac, SpoofingCase.OwnContainerToTheTunnelPort];
        await using SpoofingLab guarded = await SpoofingLab.StartAsync(Vxlan, isIPv6);
        foreach (SpoofingCase sender in senders) Assert.Equal((sender, 0), (sender, await guarded.SendInSuperPacketsAsync(sender)));

        await using SpoofingLab open = await SpoofingLab.StartAsync(Vxlan, isIPv6, static lab => lab.Guard.Enabled = false);
        foreach (SpoofingCase sender in senders)
            Assert.Equal((sender, SpoofingLab.PacketsPerCase), (sender, await open.SendInSuperPacketsAsync(sender)));
    }

    /// <summary>The table of neighbours has room for a thousand of the whole machine.</summary>
    [NetnsFact]
    public async Task Arp_OutOfTheTunnel_MakesNoNeighbours()
    {
        await using SpoofingLab lab = await SpoofingLab.StartAsync(Vxlan, isIPv6: false);
        LabHost target = lab.Backends.Hosts[1];

        await lab.SendArpAsync();

        string neighbours = await target.ExecAsync("ip", "-4", "neigh", "show", "dev", "flannel.1");
        Assert.All(neighbours.Split('\n', StringSplitOptions.RemoveEmptyEntries), static line => Assert.Contains("PERMANENT", line));
        Assert.Equal(0, lab.Backends.Network(1).Status.Guard!.Drops.Total);
    }

    /// <summary>What other networks behind a host send is theirs, unless it is for a peer's tunnel at the address that peers know.</summary>
    [NetnsTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ContainersOfAnotherNetwork_ReachNoPublishedAddress(bool isIPv6)
    {
        await using SpoofingLab lab = await SpoofingLab.StartAsync(Vxlan, isIPv6);

        Assert.Equal(0, await lab.SendFromAnotherNetworkAsync(toSecondAddress: false));
        Assert.Equal(SpoofingLab.PacketsPerCase, await lab.SendFromAnotherNetworkAsync(toSecondAddress: true));
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

    /// <summary>IPv4 takes nothing from outside that has an address of the host.</summary>
    private static SpoofingCase[] RefusedByTheKernel(bool isIPv6) => isIPv6
        ? [SpoofingCase.PeerAsLoopback]
        :
        [
            SpoofingCase.PeerAsLoopback,
            SpoofingCase.StrangerAsTheTarget,
            SpoofingCase.PeerAsTheTarget,
            SpoofingCase.PeerAsTheTargetsHost,
            SpoofingCase.RemoteContainerAsItsHost,
            SpoofingCase.RemoteContainerAsItsHostToASecondAddress,
        ];

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

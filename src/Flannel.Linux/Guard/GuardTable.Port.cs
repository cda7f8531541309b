using System.Collections.Immutable;
using System.Net;
using Flannel.Netlink.Netfilter;
using Flannel.Netlink.Netfilter.Rules;
using Flannel.Netlink.Netfilter.Sets;
using Flannel.Netlink.Netfilter.Tables;

namespace Flannel.Linux.Guard;

/// <content>What comes to the tunnel's port, and what this host sends on to that of others.</content>
internal sealed partial class GuardTable
{
    // RFC 7348: flags, three reserved bytes, VNI, one reserved byte, behind the UDP header; then the inner packet with its Ethernet header.
    private static readonly NftField VniField = new(NftHeader.Transport, 12, 3);
    private static readonly NftField InnerMacDestination = new(NftHeader.Transport, 16, 6);
    private static readonly NftField InnerMacDestinationStart = new(NftHeader.Transport, 16, 1);
    private static readonly NftField InnerMacSource = new(NftHeader.Transport, 22, 6);

    /// <summary>Kinds of interfaces that lead to containers. One to the outside may be of such a kind as well.</summary>
    private static readonly ImmutableArray<string> ContainerKinds = ["veth", "bridge", "netkit"];

    /// <summary>A route to the sender leads back over the interface that the packet came in by.</summary>
    private static ImmutableArray<NftExpression> HasRouteBack =>
    [
        new NftRouteInterface(NftAddressTypeFlags.Source | NftAddressTypeFlags.InputInterface),
        new NftCompare(NftCompareOperator.NotEqual, NftValue.OfUInt32(0)),
    ];

    /// <summary>Says to the chain behind the tunnel that this packet was looked at.</summary>
    private ImmutableArray<NftExpression> IsJudged => _tunnel.Device is null
        ? []
        : [new NftConstant(NftValue.OfUInt32(Judged)), new NftSetMeta(NftMetaKey.Priority)];

    private void AddPortChains(int port)
    {
        ImmutableArray<NftExpression> toPort =
        [
            .. NftMatch.Is(NftField.TransportProtocol, NftValue.OfByte(UdpProtocol)),
            .. NftMatch.Is(NftField.DestinationPort, NftValue.OfNetworkUInt16((ushort)port)),
            .. IsOfFamily,
        ];
        Chain(Input, NftHook.Input, BeforeFilters);
        Chain(ToPort);

        // First what nearly every packet is: everything else in here is for the others.
        ImmutableArray<NftExpression> overExternal = _options.AcceptContainers
            ? []
            : NftMatch.Is(NftField.InputInterfaceName, NftValue.OfInterfaceName(_family.ExternalName));
        Rule(Input, [.. toPort, .. IsPeer(Source, InnerMacSource), .. overExternal, .. IsJudged, NftVerdict.Accept]);
        Rule(Input, [.. toPort, NftVerdict.Jump(ToPort)]);
        ReturnIfOtherVni(ToPort);
        if (_tunnel.Device is not null) Rule(ToPort, IsJudged);
        if (_tunnel.Device is { } device && !_options.AcceptContainers)
            Drop(ToPort, GuardDrop.Container, NftMatch.Is(NftField.InputInterfaceName, NftValue.OfInterfaceName(device)));
        AcceptPeers(ToPort);
        ImmutableArray<NftExpression> fromContainer = [.. IsOfFamily, .. NftMatch.In(Source, _family.Network)];
        if (_options.AcceptContainers) Rule(ToPort, [.. fromContainer, NftVerdict.Return]);
        else Drop(ToPort, GuardDrop.Container, fromContainer);
        if (!_options.AcceptUnknownSenders) Drop(ToPort, GuardDrop.UnknownSender, []);
        if (_options.AcceptContainers) return;
        AddPeerChain();
        AddForwardRules(toPort);
    }

    /// <summary>
    /// What this host forwards to tunnels' ports. Packets of containers get its address where they are masqueraded, so that peers take them for the
    /// host's, at whichever of their addresses; a VXLAN comes in at all of them, and only one is known.
    /// </summary>
    private void AddForwardRules(ImmutableArray<NftExpression> toPort)
    {
        Chain(ToPeers);
        Rule(Forward, [.. toPort, NftVerdict.Jump(ToPeers)]);
        ReturnIfOtherVni(ToPeers);
        foreach (IPAddress own in OwnAddresses) Drop(ToPeers, GuardDrop.Container, [.. IsOfFamily, .. NftMatch.Is(Source, NftValue.Of(own))]);
        AcceptPeers(ToPeers);
        ImmutableArray<NftExpression> toPeer = [.. IsOfFamily, .. IsPeer(Destination, InnerMacDestination)];
        if (_tunnel.Device is null)
        {
            Drop(ToPeers, GuardDrop.Container, toPeer);
            return;
        }

        ImmutableArray<NftExpression> fromContainer =
            [.. IsOfFamily, .. NftMatch.In(Source, _family.Network), .. NftMatch.In(Destination, _family.Network, isNot: true)];
        Drop(ToPeers, GuardDrop.Container, fromContainer);
        Drop(ToPeers, GuardDrop.Container, toPeer);

        // Else it is for nobody's tunnel, unless it is for all of them, or too short a fragment to tell.
        Rule(ToPeers, [.. NftMatch.Has(InnerMacDestinationStart, NftValue.OfByte(1), NftValue.OfByte(0)), NftVerdict.Return]);
        Drop(ToPeers, GuardDrop.Container, []);
    }

    /// <summary>
    /// What says that a peer sent it comes from outside, or over the interface that leads to that peer. Hosts with several interfaces to the outside
    /// may get packets over one and answer over another, so that only interfaces that can lead to containers are held to it.
    /// </summary>
    private void AddPeerChain()
    {
        Chain(FromPeer);
        if (_knowsInterfaces)
        {
            Rule(FromPeer, [.. NftMatch.Is(NftField.InputInterfaceName, NftValue.OfInterfaceName(_family.ExternalName)), NftVerdict.Accept]);
            Rule(FromPeer, [.. HasRouteBack, NftVerdict.Accept]);
            foreach (string kind in ContainerKinds)
                Drop(FromPeer, GuardDrop.Container, NftMatch.Is(NftField.InputInterfaceKind, NftValue.OfInterfaceName(kind)));
        }

        Rule(FromPeer, [NftVerdict.Accept]);
    }

    // A first fragment that is too short to say its VNI goes on, as nobody's.
    private void ReturnIfOtherVni(string chain)
    {
        if (_tunnel.Vni is not { } vni) return;
        NftValue value = new([(byte)(vni >> 16), (byte)(vni >> 8), (byte)vni]);
        Rule(chain, [.. NftMatch.Is(VniField, value, isNot: true), NftVerdict.Return]);
    }

    private void AcceptPeers(string chain)
    {
        NftVerdict verdict = _options.AcceptContainers ? NftVerdict.Accept : NftVerdict.Jump(FromPeer);
        if (Senders is not null) Rule(chain, [.. IsOfFamily, .. NftMatch.InSet(SendersName, Source), verdict]);
        if (!_options.AcceptContainers) Rule(chain, [.. IsOfFamily, .. IsPeer(Source, InnerMacSource), verdict]);
    }

    /// <summary>A peer is told by its address and, where tunnel packets have one, by its MAC, which for nft is bytes as any others.</summary>
    private NftSet MakePeers()
    {
        var peers = new NftSet(NftFamily.Inet, Name, PeersName) { Key = [AddressType], Size = Capacity };
        return _tunnel.Device is null ? peers : peers with { Key = [AddressType, NftDataType.Bytes], KeyFields = [Source, InnerMacSource] };
    }

    /// <summary>The address is a peer's, and of VXLAN the MAC of its tunnel belongs to it.</summary>
    private ImmutableArray<NftExpression> IsPeer(NftField address, NftField mac) =>
        _tunnel.Device is null ? NftMatch.InSet(PeersName, address) : NftMatch.InSet(PeersName, address, mac);
}

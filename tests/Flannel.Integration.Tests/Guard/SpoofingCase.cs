namespace Flannel.Integration.Tests.Guard;

/// <summary>What is tried against a host's tunnel. The numbers are those of the table in the documentation.</summary>
public enum SpoofingCase : byte
{
    StrangerAsContainer = 1,
    StrangerAsContainerWithThePeersMac,
    StrangerAsTheInternet,
    StrangerAsTheTarget,
    StrangerToTheTunnelAddress,
    StrangerToThePublicAddress,
    StrangerToTheLan,
    PeerAsNobody,
    PeerAsTheInternet,
    PeerAsTheTarget,
    PeerToTheTunnelAddress,
    PeerToThePublicAddress,
    PeerToTheLan,
    StrangerAsThePeer,
    StrangerAsThePeerWithAForeignSource,
    OwnContainerToTheTunnelPort,
    RemoteContainerToTheTunnelPort,
    RemoteContainerToTheTunnelPortWithAForeignSource,
    Legitimate,

    // The port at the address that only the tunnel leads to; the others above reach it over the LAN.
    RemoteContainerThroughTheTunnelToTheTunnelPort,

    // The first fragment ends before the VXLAN header.
    StrangerInFragments,

    // With two VLAN tags of 0, which the kernel takes off one after the other: what looks at a packet once may see a tag in place of IP.
    PeerAsTheInternetInVlanTags,
}

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

    // With the other peer's MAC and as its container, but from the own address.
    PeerAsAnotherPeer,

    // Containers that forge the address of a peer as the sender of the tunnel packet.
    OwnContainerAsThePeer,
    RemoteContainerAsAnotherPeer,
    RemoteContainerAsItsHost,

    // The target's interface has two addresses, of which peers know one.
    RemoteContainerToASecondAddress,
    RemoteContainerAsItsHostToASecondAddress,

    // Addresses of the target itself, of the kind that IPv4 never takes from outside.
    PeerAsTheTargetsHost,
    PeerAsLoopback,

    // In the subnet of a host without containers, where only the default route leads on: to the LAN's gateway.
    PeerToAnAddressWithoutAContainer,
}

using System.Net;
using System.Net.NetworkInformation;
using Flannel.Extensibility;
using Flannel.Netlink.Netfilter;

namespace Flannel.Linux.Guard;

/// <summary>An element of one of the guard's sets.</summary>
/// <param name="Length">
/// 0 for an address that tunnel packets may come from; else how many bits of an inner source count, and the key is a MAC and these bits.
/// </param>
/// <param name="Key">The element's key.</param>
internal readonly record struct GuardMember(int Length, NftValue Key)
{
    /// <summary>What lets a peer in.</summary>
    public static IEnumerable<GuardMember> Of(GuardedPeer peer)
    {
        yield return new GuardMember(0, NftValue.Of(peer.Host));
        if (peer.Mac is not { } mac) yield break;
        yield return Source(mac, peer.Subnet.BaseAddress, peer.Subnet.PrefixLength);
        yield return Source(mac, peer.Host, peer.Host.GetAddressBytes().Length * 8);
    }

    private static GuardMember Source(PhysicalAddress mac, IPAddress address, int length) =>
        new(length, NftValue.Concat(NftValue.Of(mac), NftValue.Of(address)));
}

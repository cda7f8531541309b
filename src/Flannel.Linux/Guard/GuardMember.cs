using Flannel.Extensibility;
using Flannel.Netlink.Netfilter;

namespace Flannel.Linux.Guard;

/// <summary>An element of one of the guard's sets.</summary>
/// <param name="Length">
/// 0 for an address that tunnel packets may come from, with the MAC of the inner packet if it has one; else how many bits of an inner source count,
/// and the key is a MAC and these bits.
/// </param>
/// <param name="Key">The element's key.</param>
internal readonly record struct GuardMember(int Length, NftValue Key)
{
    /// <summary>What lets a peer in.</summary>
    public static GuardMember[] Of(GuardedPeer peer)
    {
        NftValue host = NftValue.Of(peer.Host);
        if (peer.Mac is null) return [new GuardMember(0, host)];
        NftValue mac = NftValue.Of(peer.Mac);
        return
        [
            new GuardMember(0, NftValue.Concat(host, mac)),
            new GuardMember(peer.Subnet.PrefixLength, NftValue.Concat(mac, NftValue.Of(peer.Subnet.BaseAddress))),
            new GuardMember(host.Length * 8, NftValue.Concat(mac, host)),
        ];
    }
}

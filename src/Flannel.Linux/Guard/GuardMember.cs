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
    /// <summary>As many elements as a peer needs at most.</summary>
    public const int MaximumOfPeer = 3;

    /// <summary>What lets a peer in.</summary>
    /// <param name="peer">The peer.</param>
    /// <param name="members">Room for <see cref="MaximumOfPeer"/>.</param>
    /// <returns>How many there are.</returns>
    public static int Of(GuardedPeer peer, Span<GuardMember> members)
    {
        NftValue host = NftValue.Of(peer.Host);
        if (peer.Mac is null)
        {
            members[0] = new GuardMember(0, host);
            return 1;
        }

        NftValue mac = NftValue.Of(peer.Mac);
        members[0] = new GuardMember(0, NftValue.Concat(host, mac));
        members[1] = new GuardMember(peer.Subnet.PrefixLength, NftValue.Concat(mac, NftValue.Of(peer.Subnet.BaseAddress)));
        members[2] = new GuardMember(host.Length * 8, NftValue.Concat(mac, host));
        return MaximumOfPeer;
    }
}

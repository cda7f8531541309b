using System.Net;
using System.Net.NetworkInformation;
using Flannel.Extensibility;
using Flannel.Linux.Guard;
using Flannel.Netlink.Netfilter;

namespace Flannel.Linux.Tests.Guard;

/// <summary>Which elements peers need, and what is still to be written.</summary>
public sealed class GuardMembersTests
{
    private readonly GuardMembers _members = new();

    [Fact]
    public void Peer_NeedsItsHostWithItsMac_AndItsSubnetAndHostByItsMac()
    {
        GuardedPeer peer = Peer(1);
        NftValue mac = NftValue.Of(peer.Mac!);

        Assert.Equal(
            [
                new(0, NftValue.Concat(NftValue.Of(peer.Host), mac)),
                new(24, NftValue.Concat(mac, NftValue.Of(peer.Subnet.BaseAddress))),
                new(32, NftValue.Concat(mac, NftValue.Of(peer.Host))),
            ],
            Of(peer));
        Assert.Equal([new(0, NftValue.Of(peer.Host))], Of(peer with { Mac = null }));
    }

    [Fact]
    public void Put_IsMissingOnce()
    {
        _members.Put(Peer(1));
        _members.Put(Peer(1));

        Assert.Equal(Of(Peer(1)).ToHashSet(), _members.Missing.ToHashSet());
        _members.Settle(isSurplusGone: false);
        Assert.Empty(_members.Missing);
        _members.Put(Peer(1));
        Assert.Empty(_members.Missing);
    }

    [Fact]
    public void Remove_IsSurplus_UnlessItWasNeverWritten()
    {
        _members.Put(Peer(1));
        _members.Settle(isSurplusGone: false);
        _members.Put(Peer(2));

        _members.Remove(Peer(1).Key);
        _members.Remove(Peer(2).Key);
        _members.Remove(Peer(3).Key);

        Assert.Empty(_members.Wanted);
        Assert.Empty(_members.Missing);
        Assert.Equal(Of(Peer(1)).ToHashSet(), _members.Surplus.ToHashSet());
        _members.Settle(isSurplusGone: false);
        Assert.NotEmpty(_members.Surplus);
        _members.Settle(isSurplusGone: true);
        Assert.Empty(_members.Surplus);
    }

    [Fact]
    public void Remove_BeforeAnythingWasWritten_LeavesNothing()
    {
        _members.Put(Peer(1));
        _members.Put(Peer(2));

        _members.Remove(Peer(1).Key);

        Assert.Equal(Of(Peer(2)).ToHashSet(), _members.Missing.ToHashSet());
        Assert.Empty(_members.Surplus);
    }

    [Fact]
    public void RemoveAndPutAgain_ChangesNothing()
    {
        _members.Put(Peer(1));
        _members.Settle(isSurplusGone: false);

        _members.Remove(Peer(1).Key);
        _members.Put(Peer(1));

        Assert.Empty(_members.Missing);
        Assert.Empty(_members.Surplus);
        Assert.Equal(3, _members.Wanted.Count);
    }

    [Fact]
    public void HostWithAnotherLease_KeepsWhatBothNeed()
    {
        GuardedPeer before = Peer(1);
        GuardedPeer after = before with { Key = Peer(2).Key, Subnet = Peer(2).Subnet };
        _members.Put(before);
        _members.Settle(isSurplusGone: false);

        _members.Put(after);
        _members.Remove(before.Key);

        Assert.Equal([Of(after).ElementAt(1)], _members.Missing);
        Assert.Equal([Of(before).ElementAt(1)], _members.Surplus);
    }

    [Fact]
    public void Change_TakesTheOldAwayAndKeepsTheRest()
    {
        GuardedPeer moved = Peer(1) with { Host = IPAddress.Parse("192.0.2.99") };
        _members.Put(Peer(1));
        _members.Settle(isSurplusGone: false);

        _members.Put(moved);

        Assert.Equal(Of(moved).Except(Of(Peer(1))).ToHashSet(), _members.Missing.ToHashSet());
        Assert.Equal(Of(Peer(1)).Except(Of(moved)).ToHashSet(), _members.Surplus.ToHashSet());
    }

    [Fact]
    public void Replace_IsTheDifference()
    {
        _members.Replace([Peer(1), Peer(2)]);
        _members.Settle(isSurplusGone: false);

        _members.Replace([Peer(2), Peer(3)]);

        Assert.Equal(Of(Peer(3)).ToHashSet(), _members.Missing.ToHashSet());
        Assert.Equal(Of(Peer(1)).ToHashSet(), _members.Surplus.ToHashSet());
    }

    internal static GuardedPeer Peer(byte number) => new(
        SubnetKey.Parse($"10.5.{number}.0-24"),
        IPAddress.Parse($"192.0.2.{number}"),
        IPNetwork.Parse($"10.5.{number}.0/24"),
        new PhysicalAddress([2, 0, 0, 0, 0, number]));

    internal static GuardMember[] Of(GuardedPeer peer)
    {
        var members = new GuardMember[GuardMember.MaximumOfPeer];
        return members[..GuardMember.Of(peer, members)];
    }
}

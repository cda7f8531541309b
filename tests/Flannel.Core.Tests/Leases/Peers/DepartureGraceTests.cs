using System.Collections.Immutable;
using System.Net;
using Flannel.Core.Leases.Peers;
using Flannel.Extensibility;
using Flannel.Testing;

namespace Flannel.Core.Tests.Leases.Peers;

public class DepartureGraceTests
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);
    private readonly DepartureGrace _departures = new(Grace);

    [Fact]
    public void Pass_PeerLeavesAndComesBackUnchanged_TellsNothing()
    {
        Lease peer = Peer("10.5.1.0/24");
        Assert.Null(Pass(0, new LeaseChange(peer, null)));
        Assert.Null(Pass(1, new LeaseChange(null, peer with { ModRevision = 9 })));
        Assert.Equal(TimeSpan.MaxValue, _departures.DueAt);
        Assert.Null(_departures.Release(TimeSpan.FromHours(1)));
    }

    [Fact]
    public void Pass_PeerComesBackChanged_TellsTheDifferenceToWhatWasTold()
    {
        Lease before = Peer("10.5.1.0/24");
        Lease after = Peer("10.5.1.0/24", "192.168.0.9");
        Pass(0, new LeaseChange(before, null));
        Assert.Equal([new LeaseChange(before, after)], Pass(1, new LeaseChange(null, after))!.Changes);
    }

    [Fact]
    public void Release_GraceOver_TellsTheDepartureOnce()
    {
        Lease first = Peer("10.5.1.0/24");
        Lease second = Peer("10.5.2.0/24");
        Pass(0, new LeaseChange(first, null));
        Pass(1, new LeaseChange(second, null));
        Assert.Equal(Grace, _departures.DueAt);
        Assert.Equal([new LeaseChange(first, null)], _departures.Release(_departures.DueAt)!.Changes);
        Assert.Equal(Grace + TimeSpan.FromSeconds(1), _departures.DueAt);
        Assert.Equal([new LeaseChange(second, null)], _departures.Release(_departures.DueAt)!.Changes);
        Assert.Null(_departures.Release(TimeSpan.FromHours(1)));
    }

    [Fact]
    public void Pass_SubnetPassesToAnotherLease_FormerHolderDepartsFirst()
    {
        Lease former = Peer("10.5.1.0/24");
        var next = new Lease { Key = SubnetKey.Parse("10.5.1.0-24&fd00:5::-64"), Attributes = former.Attributes };
        Pass(0, new LeaseChange(former, null));
        Assert.Equal([new LeaseChange(former, null), new LeaseChange(null, next)], Pass(1, new LeaseChange(null, next))!.Changes);
    }

    [Fact]
    public void Pass_OtherPeersChange_AreNotHeldUp()
    {
        Lease leaving = Peer("10.5.1.0/24");
        Lease coming = Peer("10.5.2.0/24");
        Assert.Equal([new LeaseChange(null, coming)], Pass(0, new LeaseChange(leaving, null), new LeaseChange(null, coming))!.Changes);
    }

    [Fact]
    public void Pass_NoGrace_LetsEverythingPass()
    {
        var none = new DepartureGrace(TimeSpan.Zero);
        var changes = new LeaseChanges([new LeaseChange(Peer("10.5.1.0/24"), null)], 1);
        Assert.Same(changes, none.Pass(changes, TimeSpan.Zero));
    }

    [Fact]
    public void Pass_MostPeersLeaveTogether_AreHeldForLonger()
    {
        Lease[] peers = [.. Enumerable.Range(1, 5).Select(number => Peer($"10.5.{number}.0/24"))];
        DepartureGrace departures = Mass(peers);

        Assert.Null(departures.Pass(Left(peers[..3]), TimeSpan.Zero));

        Assert.Equal((3, MassGrace), (departures.Retained, departures.DueAt));
        Assert.Null(departures.Release(MassGrace - TimeSpan.FromSeconds(1)));
        Assert.Null(departures.Pass(new LeaseChanges([new LeaseChange(null, peers[0])], 3), Grace));
        Assert.Equal(2, departures.Retained);
        Assert.Equal(peers[1..3], departures.Release(MassGrace)!.Changes.Select(static change => change.Before!));
        Assert.Equal(0, departures.Retained);
    }

    [Fact]
    public void Pass_MostPeersLeaveInPieces_AreHeldForLonger()
    {
        Lease[] peers = [.. Enumerable.Range(1, 5).Select(number => Peer($"10.5.{number}.0/24"))];
        DepartureGrace departures = Mass(peers);

        foreach (Lease peer in peers[..3]) departures.Pass(Left(peer), TimeSpan.FromSeconds(0.5));

        Assert.Equal((3, MassGrace + TimeSpan.FromSeconds(0.5)), (departures.Retained, departures.DueAt));
        departures.Pass(Left(peers[3]), TimeSpan.FromSeconds(30));
        Assert.Equal(4, departures.Retained);
        Assert.Equal(MassGrace + TimeSpan.FromSeconds(0.5), departures.DueAt);
    }

    [Theory]
    [InlineData(5, 2)]
    [InlineData(6, 3)]
    [InlineData(2, 1)]
    [InlineData(1, 1)]
    public void Pass_FewerLeave_AreHeldAsAlways(int all, int leaving)
    {
        Lease[] peers = [.. Enumerable.Range(1, all).Select(number => Peer($"10.5.{number}.0/24"))];
        DepartureGrace departures = Mass(peers);

        departures.Pass(Left(peers[..leaving]), TimeSpan.Zero);

        Assert.Equal((0, Grace), (departures.Retained, departures.DueAt));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Pass_AllLeaveInOneStep_AreHeldForLonger(int all)
    {
        Lease[] peers = [.. Enumerable.Range(1, all).Select(number => Peer($"10.5.{number}.0/24"))];
        DepartureGrace departures = Mass(peers);

        Assert.Null(departures.Pass(Left(peers), TimeSpan.Zero));

        Assert.Equal((all, MassGrace), (departures.Retained, departures.DueAt));
    }

    [Fact]
    public void Pass_BothLeaveOneAfterTheOther_AreHeldAsAlways()
    {
        Lease[] peers = [Peer("10.5.1.0/24"), Peer("10.5.2.0/24")];
        DepartureGrace departures = Mass(peers);

        departures.Pass(Left(peers[0]), TimeSpan.Zero);
        departures.Pass(Left(peers[1]), TimeSpan.Zero);

        Assert.Equal((0, Grace), (departures.Retained, departures.DueAt));
    }

    [Fact]
    public void Pass_StoreIsEmpty_HoldsTheOnlyPeer()
    {
        Lease peer = Peer("10.5.1.0/24");
        DepartureGrace departures = Mass(peer);

        Assert.Null(departures.Pass(Left(peer), TimeSpan.Zero, isStoreEmpty: true));

        Assert.Equal((1, MassGrace), (departures.Retained, departures.DueAt));
    }

    [Fact]
    public void Pass_OneByOneOverTime_IsNoMass()
    {
        Lease[] peers = [.. Enumerable.Range(1, 9).Select(number => Peer($"10.5.{number}.0/24"))];
        DepartureGrace departures = Mass(peers);

        for (int i = 0; i < peers.Length; i++)
        {
            departures.Pass(Left(peers[i]), Grace * i);
            Assert.NotNull(departures.Release(Grace * (i + 1)));
        }

        Assert.Equal(0, departures.Retained);
    }

    [Fact]
    public void Pass_SubnetOfAHeldPeerPassesOn_LetsItGoAtOnce()
    {
        Lease[] peers = [.. Enumerable.Range(1, 3).Select(number => Peer($"10.5.{number}.0/24"))];
        var next = new Lease { Key = SubnetKey.Parse("10.5.1.0-25"), Attributes = Peer("10.5.9.0/24", "192.168.0.9").Attributes };
        DepartureGrace departures = Mass(peers);
        departures.Pass(Left(peers), TimeSpan.Zero);

        var passed = (LeaseChanges?)departures.Pass(new LeaseChanges([new LeaseChange(null, next)], 3), TimeSpan.Zero);

        Assert.Equal([new LeaseChange(peers[0], null), new LeaseChange(null, next)], passed!.Changes);
        Assert.Equal(2, departures.Retained);
    }

    [Fact]
    public void Pass_NoGraceForOne_StillHoldsMost()
    {
        Lease[] peers = [.. Enumerable.Range(1, 4).Select(number => Peer($"10.5.{number}.0/24"))];
        var departures = new DepartureGrace(TimeSpan.Zero, MassGrace);
        departures.Pass(new LeaseSnapshot(peers, 1), TimeSpan.Zero);

        Assert.Equal(Left(peers[0]).Changes, ((LeaseChanges)departures.Pass(Left(peers[0]), TimeSpan.Zero)!).Changes);
        Assert.Null(departures.Pass(Left(peers[1..]), TimeSpan.Zero));
        Assert.Equal(3, departures.Retained);
    }

    [Theory]
    [InlineData(5, 3, true)]
    [InlineData(2, 2, true)]
    [InlineData(5, 2, false)]
    [InlineData(1, 1, false)]
    public void Pass_FirstSnapshotOfAnotherSession_IsAChangeOfWhatWasTold(int all, int leaving, bool isMass)
    {
        Lease[] peers = [.. Enumerable.Range(1, all).Select(number => Peer($"10.5.{number}.0/24"))];
        Remember(peers);
        DepartureGrace next = Session();
        Assert.Equal(TimeSpan.MaxValue, next.DueAt);

        // The clock of a session is its own.
        LeaseSnapshot told = Begin(next, TimeSpan.FromHours(5), peers[leaving..]);

        Assert.Equal(peers, told.Peers.OrderBy(static peer => peer.Key.ToString()));
        Assert.Equal((isMass ? leaving : 0, TimeSpan.FromHours(5) + (isMass ? MassGrace : Grace)), (next.Retained, next.DueAt));
        Assert.Equal(leaving, next.Release(next.DueAt)!.Changes.Count);
    }

    [Fact]
    public void Pass_AnotherSession_GoesOnHoldingAsLongAsTheFirstOneWouldHave()
    {
        Lease[] peers = [.. Enumerable.Range(1, 5).Select(number => Peer($"10.5.{number}.0/24"))];
        Remember(peers);
        DepartureGrace first = Session();
        Begin(first, TimeSpan.Zero, peers);
        first.Pass(Left(peers[..3]), TimeSpan.Zero);
        _time.Advance(TimeSpan.FromSeconds(50));
        DepartureGrace second = Session();
        _time.Advance(TimeSpan.FromSeconds(20));

        Assert.Equal(5, Begin(second, TimeSpan.FromSeconds(1), peers[3..]).Peers.Count);

        Assert.Equal((3, TimeSpan.FromSeconds(1) + MassGrace - TimeSpan.FromSeconds(70)), (second.Retained, second.DueAt));
        Assert.Null(second.Pass(new LeaseChanges([new LeaseChange(null, peers[0])], 3), TimeSpan.FromSeconds(2)));
        Assert.Equal(2, second.Retained);

        _time.Advance(MassGrace);
        DepartureGrace third = Session();
        // What the third one begins with may be older than their return, which nobody was there to be told of.
        Assert.Equal(5, Begin(third, TimeSpan.Zero, [peers[0], .. peers[3..]]).Peers.Count);
        Assert.Equal((2, Grace), (third.Retained, third.DueAt));
        Assert.Equal(2, third.Release(Grace)!.Changes.Count);
    }

    [Fact]
    public void Pass_StoreIsEmptyWhenAnotherSessionBegins_HoldsTheOnlyPeer()
    {
        Lease peer = Peer("10.5.1.0/24");
        Remember(peer);
        DepartureGrace next = Session();

        Assert.Equal([peer], ((LeaseSnapshot)next.Pass(new LeaseSnapshot([], 7), TimeSpan.Zero, isStoreEmpty: true)!).Peers);

        Assert.Equal((1, MassGrace), (next.Retained, next.DueAt));
    }

    [Fact]
    public void Pass_AnotherSessionHasNoPlaceForThePeer_LetsItGoAtOnce()
    {
        Lease[] peers = [.. Enumerable.Range(1, 4).Select(number => Peer($"10.5.{number}.0/24"))];
        Remember(peers);
        var next = new DepartureGrace(Grace, MassGrace, _memory, peer => peer != peers[0]);

        Assert.Equal(peers[1..], Begin(next, TimeSpan.Zero).Peers.OrderBy(static peer => peer.Key.ToString()));
    }

    [Fact]
    public void Pass_AnotherSessionWithoutGrace_LetsEverybodyGo()
    {
        Remember(Peer("10.5.1.0/24"), Peer("10.5.2.0/24"));
        var next = new DepartureGrace(TimeSpan.Zero, TimeSpan.Zero, _memory);

        Assert.Empty(Begin(next, TimeSpan.Zero).Peers);
        Assert.Equal(TimeSpan.MaxValue, next.DueAt);
    }

    private readonly FakeTimeProvider _time = new();
    private PeerMemory _memory = null!;

    private void Remember(params Lease[] peers)
    {
        _memory = new PeerMemory(_time) { Told = peers.ToImmutableDictionary(static peer => peer.Key) };
        _time.Advance(TimeSpan.FromMinutes(3));
    }

    private DepartureGrace Session() => new(Grace, MassGrace, _memory);

    private LeaseSnapshot Begin(DepartureGrace session, TimeSpan now, params Lease[] found)
    {
        var told = (LeaseSnapshot)session.Pass(new LeaseSnapshot(found, 7), now)!;
        _memory.Told = told.Peers.ToImmutableDictionary(static peer => peer.Key);
        return told;
    }

    private static readonly TimeSpan MassGrace = TimeSpan.FromMinutes(2);

    private static DepartureGrace Mass(params Lease[] peers)
    {
        var departures = new DepartureGrace(Grace, MassGrace);
        departures.Pass(new LeaseSnapshot(peers, 1), TimeSpan.Zero);
        return departures;
    }

    private static LeaseChanges Left(params Lease[] peers) => new([.. peers.Select(static peer => new LeaseChange(peer, null))], 2);

    private LeaseChanges? Pass(int seconds, params LeaseChange[] changes) =>
        (LeaseChanges?)_departures.Pass(new LeaseChanges(changes, seconds + 1), TimeSpan.FromSeconds(seconds));

    private static Lease Peer(string subnet, string publicIP = "192.168.0.1") => new()
    {
        Key = new SubnetKey(IPNetwork.Parse(subnet), null),
        Attributes = new LeaseAttributes { PublicIP = IPAddress.Parse(publicIP) },
    };
}

using System.Net;
using Flannel.Core.Leases.Peers;
using Flannel.Extensibility;

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

    private LeaseChanges? Pass(int seconds, params LeaseChange[] changes) =>
        (LeaseChanges?)_departures.Pass(new LeaseChanges(changes, seconds + 1), TimeSpan.FromSeconds(seconds));

    private static Lease Peer(string subnet, string publicIP = "192.168.0.1") => new()
    {
        Key = new SubnetKey(IPNetwork.Parse(subnet), null),
        Attributes = new LeaseAttributes { PublicIP = IPAddress.Parse(publicIP) },
    };
}

using System.Text;
using Flannel.Core.Leases;
using Flannel.Core.Leases.Membership;
using Flannel.Core.Leases.Peers;
using Flannel.Extensibility;

namespace Flannel.Core.Tests.Leases.Membership;

/// <summary>The table of <see cref="OwnLeaseDecision"/>, row by row.</summary>
public sealed class OwnLeaseDecisionTests
{
    private const string Key = "10.5.7.0-24";
    private static readonly SubnetManagerLab Lab = new();
    private static readonly NodeIdentity Identity = new(Lab.Request(1));
    private static readonly StoredEntry Known = Entry(Lab.Request(1).Attributes.ToJson(), create: 5);
    private static readonly StoredEntry Claimed = Known with { ModRevision = 9, ClaimId = 9 };
    private static readonly StoredEntry Changed = Entry(SubnetManagerLab.Attributes(1, "99").ToJson(), create: 5) with { ModRevision = 9 };
    private static readonly OwnLeaseSight Live = new(
        IsLive: true, IsLost: false, IsAnswer: false, IsAsking: false, HasYielded: false, MayAnswer: true);

    [Fact]
    public void Free_IsCreatedAgain() => Assert.IsType<OwnLeaseAction.Create>(Decide(null));

    [Fact]
    public void FreeButASubnetIsHeldUnderAnotherKey_IsLeftAlone()
    {
        var rival = new TrackedKey("10.5.7.0-24&fd00:5:0:9::-64") { Publisher = (SubnetManagerLab.Attributes(2).PublicIP, null) };

        var yield = Assert.IsType<OwnLeaseAction.Yield>(OwnLeaseDecision.Decide(null, Known, Identity, rival, Live));

        Assert.Equal((rival.Name, "192.168.0.2", true), (yield.Key, yield.Holder!.ToString(), yield.IsRival));
    }

    [Fact]
    public void Ours_IsKept() => Assert.IsType<OwnLeaseAction.Keep>(Decide(Known));

    [Fact]
    public void OursFromBeforeARestore_IsKeptOrPutBack()
    {
        Assert.IsType<OwnLeaseAction.Keep>(Decide(Known with { ModRevision = 3 }));
        Assert.IsType<OwnLeaseAction.Restore>(Decide(Entry(SubnetManagerLab.Attributes(1, "99").ToJson(), create: 3)));
    }

    [Fact]
    public void OursButAReservationNow_IsKept() => Assert.IsType<OwnLeaseAction.Keep>(Decide(Known with { ModRevision = 9, HasTimeToLive = false }));

    [Fact]
    public void OursAgainAfterItWasLost_IsKept() => Assert.IsType<OwnLeaseAction.Keep>(Decide(Claimed, Live with { IsLost = true }));

    [Fact]
    public void ClaimedByAnotherHost_IsAnswered()
    {
        Assert.IsType<OwnLeaseAction.Answer>(Decide(Claimed));
        Assert.IsType<OwnLeaseAction.Answer>(Decide(Changed));
    }

    [Fact]
    public void ClaimedWhileWeWereAway_IsAskedFor()
    {
        Assert.IsType<OwnLeaseAction.Ask>(Decide(Claimed, Live with { IsLive = false }));
        Assert.IsType<OwnLeaseAction.Ask>(Decide(Changed, Live with { IsLive = false }));
    }

    [Fact]
    public void AnAnswerToOurClaim_IsYieldedTo()
    {
        Assert.IsType<OwnLeaseAction.YieldToDuplicate>(Decide(Claimed, Live with { IsAnswer = true }));
        Assert.IsType<OwnLeaseAction.YieldToDuplicate>(Decide(Changed, Live with { IsAnswer = true, IsLive = false }));
        Assert.IsType<OwnLeaseAction.Keep>(Decide(Known, Live with { IsAnswer = true }));
    }

    [Fact]
    public void SomebodyWhoWritesWithoutEnd_IsYieldedTo()
    {
        Assert.IsType<OwnLeaseAction.YieldToDuplicate>(Decide(Changed, Live with { MayAnswer = false }));
        Assert.IsType<OwnLeaseAction.YieldToDuplicate>(Decide(Entry("{", create: 5), Live with { MayAnswer = false }));
    }

    [Fact]
    public void AfterYielding_OnlyAnAnswerCounts()
    {
        OwnLeaseSight yielded = Live with { HasYielded = true };

        Assert.IsType<OwnLeaseAction.Wait>(Decide(Claimed, yielded));
        Assert.IsType<OwnLeaseAction.Wait>(Decide(Changed, yielded));
        Assert.IsType<OwnLeaseAction.Wait>(Decide(Known, yielded with { IsAsking = true, IsAnswer = true }));
        Assert.IsType<OwnLeaseAction.YieldToDuplicate>(Decide(Claimed, yielded with { IsAsking = true, IsAnswer = true }));
        Assert.IsType<OwnLeaseAction.Create>(Decide(null, yielded));
    }

    [Fact]
    public void Corrupt_IsOursInTheSameLifeOnly()
    {
        Assert.IsType<OwnLeaseAction.Restore>(Decide(Entry("{", create: 5)));
        var yield = Assert.IsType<OwnLeaseAction.Yield>(Decide(Entry("{", create: 6)));
        Assert.Equal((Key, 6, null, false), (yield.Key, yield.CreateRevision, yield.Holder, yield.IsRival));
    }

    [Fact]
    public void SomebodyElses_IsLeftAloneWhateverWeMay()
    {
        StoredEntry theirs = Entry(SubnetManagerLab.Attributes(2).ToJson(), create: 5);

        Assert.Equal("192.168.0.2", Assert.IsType<OwnLeaseAction.Yield>(Decide(theirs)).Holder!.ToString());
        Assert.IsType<OwnLeaseAction.Yield>(Decide(theirs, Live with { MayAnswer = false }));
        Assert.IsType<OwnLeaseAction.Yield>(Decide(theirs, Live with { HasYielded = true }));
    }

    private static OwnLeaseAction Decide(StoredEntry? found, OwnLeaseSight? sight = null) =>
        OwnLeaseDecision.Decide(found, Known, Identity, rival: null, sight ?? Live);

    private static StoredEntry Entry(string document, long create) =>
        new(Key, Encoding.UTF8.GetBytes(document), create, create + 1, HasTimeToLive: true);
}

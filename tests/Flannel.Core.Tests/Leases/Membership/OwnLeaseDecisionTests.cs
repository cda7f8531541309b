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

    [Fact]
    public void Free_IsCreatedAgain() => Assert.IsType<OwnLeaseAction.Create>(Decide(null));

    [Fact]
    public void FreeButASubnetIsHeldUnderAnotherKey_IsLeftAlone()
    {
        var rival = new TrackedKey("10.5.7.0-24&fd00:5:0:9::-64") { Publisher = (SubnetManagerLab.Attributes(2).PublicIP, null) };

        var yield = Assert.IsType<OwnLeaseAction.Yield>(OwnLeaseDecision.Decide(null, Known, Identity, rival, mayRestore: true));

        Assert.Equal((rival.Name, "192.168.0.2", true), (yield.Key, yield.Holder!.ToString(), yield.IsRival));
    }

    [Fact]
    public void Ours_IsKept() => Assert.IsType<OwnLeaseAction.Keep>(Decide(Known));

    [Fact]
    public void OursInAnotherLife_IsKept() => Assert.IsType<OwnLeaseAction.Keep>(Decide(Entry(Lab.Request(1).Attributes.ToJson(), create: 9)));

    [Fact]
    public void OursButChanged_IsPutBackUntilThatGoesOn()
    {
        StoredEntry changed = Entry(SubnetManagerLab.Attributes(1, "99").ToJson(), create: 5);

        Assert.IsType<OwnLeaseAction.Restore>(Decide(changed));
        Assert.IsType<OwnLeaseAction.YieldToDuplicate>(Decide(changed, mayRestore: false));
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
        Assert.IsType<OwnLeaseAction.Yield>(Decide(theirs, mayRestore: false));
    }

    private static OwnLeaseAction Decide(StoredEntry? found, bool mayRestore = true) =>
        OwnLeaseDecision.Decide(found, Known, Identity, rival: null, mayRestore);

    private static StoredEntry Entry(string document, long create) => new(Key, Encoding.UTF8.GetBytes(document), create, create + 1, HasTimeToLive: true);
}

namespace Flannel.Core.Tests.Backends;

public class GuardStatusTests
{
    [Fact]
    public void Merge_OfNone_IsNone() => Assert.Null(GuardStatus.Merge([null, null]));

    [Fact]
    public void Merge_SumsDropsAndSaysEveryProblemOnce()
    {
        GuardStatus?[] statuses =
        [
            new GuardStatus { Problem = "a.", Drops = new GuardDrops(1, 2, 3, 4) }, null,
            new GuardStatus { Problem = "a.", Drops = new GuardDrops(10, 20, 30, 40) }, new GuardStatus { Problem = "b." },
        ];

        Assert.Equal(new GuardStatus { Problem = "a. b.", Drops = new GuardDrops(11, 22, 33, 44) }, GuardStatus.Merge(statuses));
    }

    [Fact]
    public void Drops_AddAndSubtractReasonByReason()
    {
        var drops = new GuardDrops(1, 2, 3, 4);

        Assert.Equal(new GuardDrops(2, 4, 6, 8), drops + drops);
        Assert.Equal(default, drops - drops);
        Assert.Equal(10, drops.Total);
    }
}

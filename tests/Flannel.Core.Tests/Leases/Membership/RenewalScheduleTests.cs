using Flannel.Core.Leases.Membership;
using Flannel.Core.Leases.Policy;

namespace Flannel.Core.Tests.Leases.Membership;

public sealed class RenewalScheduleTests
{
    private static readonly SubnetManagerOptions Options = new() { TimeToLive = TimeSpan.FromHours(24), RenewMargin = TimeSpan.FromHours(1) };

    [Fact]
    public void Fresh_IsDueAtItsMarginAndEndsAtItsEnd()
    {
        RenewalSchedule schedule = Schedule(age: TimeSpan.FromHours(2));

        Assert.Equal((TimeSpan.FromHours(21), TimeSpan.FromHours(22)), (schedule.DueAt, schedule.EndsAt));
        Assert.False(schedule.MustLookFirst(TimeSpan.FromHours(21)));
        Assert.True(schedule.MustLookFirst(TimeSpan.FromHours(22)));
    }

    [Fact]
    public void Old_IsLookedAtFirstAndNotCalledEnded()
    {
        RenewalSchedule schedule = Schedule(age: TimeSpan.FromHours(30));

        Assert.True(schedule.DueAt <= TimeSpan.Zero);
        Assert.True(schedule.MustLookFirst(TimeSpan.Zero));
        Assert.Equal(TimeSpan.FromHours(24), schedule.EndsAt);
    }

    [Fact]
    public void Written_CountsFromTheBeginningOfTheWrite()
    {
        RenewalSchedule schedule = Schedule();
        schedule.Doubt();
        schedule.Failed(TimeSpan.FromHours(23));

        schedule.Written(TimeSpan.FromHours(23.5), hasTimeToLive: true);

        Assert.Equal((TimeSpan.FromHours(46.5), TimeSpan.FromHours(47.5), 0), (schedule.DueAt, schedule.EndsAt, schedule.Failures));
        Assert.False(schedule.MustLookFirst(TimeSpan.FromHours(24)));
    }

    [Fact]
    public void Failed_WaitsLongerEachTimeUpToAMinute()
    {
        RenewalSchedule schedule = Schedule();
        var now = TimeSpan.FromHours(23);
        List<TimeSpan> pauses = [];
        for (int i = 0; i < 12; i++)
        {
            schedule.Failed(now);
            pauses.Add(schedule.DueAt - now);
            now = schedule.DueAt;
        }

        Assert.InRange(pauses[0], TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2));
        Assert.All(pauses[6..], pause => Assert.InRange(pause, TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(1)));
        Assert.Equal(TimeSpan.FromHours(24), schedule.EndsAt);
    }

    [Fact]
    public void Reservation_NeverEndsUntilSomebodyGivesItATimeToLive()
    {
        var schedule = new RenewalSchedule(Options, new Random(1), TimeSpan.Zero, hasTimeToLive: false);
        Assert.Equal((TimeSpan.MaxValue, TimeSpan.MaxValue), (schedule.DueAt, schedule.EndsAt));

        schedule.Recognise(TimeSpan.FromHours(3), hasTimeToLive: true);

        Assert.Equal(TimeSpan.FromHours(3), schedule.DueAt);
        schedule.Recognise(TimeSpan.FromHours(3), hasTimeToLive: false);
        Assert.Equal(TimeSpan.MaxValue, schedule.DueAt);
    }

    private static RenewalSchedule Schedule(TimeSpan age = default) => new(Options, new Random(1), age, hasTimeToLive: true);
}

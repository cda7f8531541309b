using Flannel.Backends.Udp.DataPath;
using Flannel.Testing;

namespace Flannel.Backends.Udp.Tests.DataPath;

public sealed class BusyPollTests
{
    private const int ManyWaits = 50;
    private static readonly TimeSpan Limit = TimeSpan.FromMicroseconds(100);
    private static readonly TimeSpan Short = TimeSpan.FromMicroseconds(60);
    private static readonly TimeSpan Long = TimeSpan.FromMicroseconds(101);

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void LimitOfZero_NeverLooks()
    {
        var poll = new BusyPoll(TimeSpan.Zero, _time);

        for (int wait = 0; wait < ManyWaits; wait++) Assert.False(Wait(poll, TimeSpan.Zero));
    }

    [Fact]
    public void ShortWaits_LookAfterAFew_UntilTheLimit()
    {
        var poll = new BusyPoll(Limit, _time);
        Assert.False(Wait(poll, Short));
        Engage(poll);

        Assert.True(poll.ShallLookAgain());
        _time.Advance(Short);
        Assert.True(poll.ShallLookAgain());
        _time.Advance(Limit - Short);
        Assert.False(poll.ShallLookAgain());
    }

    [Fact]
    public void ALongWait_EndsIt()
    {
        var poll = new BusyPoll(Limit, _time);
        Engage(poll);

        Assert.True(Wait(poll, Long));

        Assert.False(Wait(poll, Short));
    }

    [Fact]
    public void Bursts_WithAPauseAfterEach_NeverLook()
    {
        var poll = new BusyPoll(Limit, _time);

        for (int burst = 0; burst < ManyWaits; burst++)
        {
            for (int packet = 0; packet < 5; packet++) Assert.False(Wait(poll, TimeSpan.FromMicroseconds(5)));
            Assert.False(Wait(poll, TimeSpan.FromMilliseconds(1)));
        }
    }

    [Fact]
    public void PacketsWithoutAWait_CountForNothing()
    {
        var poll = new BusyPoll(Limit, _time);

        for (int packet = 0; packet < ManyWaits; packet++) poll.Found();

        Assert.False(Wait(poll, Short));
    }

    private void Engage(BusyPoll poll)
    {
        for (int wait = 0; wait < ManyWaits; wait++) Wait(poll, Short);
    }

    /// <summary>One wait until a packet comes.</summary>
    /// <returns>Whether the thread looked again when it began.</returns>
    private bool Wait(BusyPoll poll, TimeSpan length)
    {
        bool looks = poll.ShallLookAgain();
        _time.Advance(length);
        poll.Found();
        return looks;
    }
}

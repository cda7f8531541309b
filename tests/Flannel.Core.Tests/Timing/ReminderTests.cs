using Flannel.Core.Timing;

namespace Flannel.Core.Tests.Timing;

public class ReminderTests
{
    private readonly Reminder _reminder = new();

    [Fact]
    public void Trouble_ThatLasts_IsToldAtOnceAndThenLessAndLessOften()
    {
        // Every second for a day and a half.
        List<int> told = [.. Enumerable.Range(0, 36 * 3600).Where(second => _reminder.IsDue(TimeSpan.FromSeconds(second)))];

        Assert.Equal([0, 60, 180, 420, 900, 1860, 3780], told.Take(7));
        Assert.Equal(3600, told[8] - told[7]);
        Assert.Equal(3600, told[^1] - told[^2]);
    }

    [Fact]
    public void End_TellsOnceAndHowLongItWas()
    {
        Assert.False(_reminder.End(TimeSpan.Zero));
        _reminder.IsDue(TimeSpan.FromSeconds(10));

        Assert.True(_reminder.End(TimeSpan.FromSeconds(202)));
        Assert.Equal("3 min 12 s", _reminder.Duration(TimeSpan.FromSeconds(202)));
        Assert.False(_reminder.End(TimeSpan.FromSeconds(203)));
    }

    [Fact]
    public void Trouble_ThatComesBackSoon_IsTheSame()
    {
        Assert.True(_reminder.IsDue(TimeSpan.Zero));
        _reminder.End(TimeSpan.FromSeconds(1));
        for (int second = 2; second < 60; second += 2)
        {
            Assert.False(_reminder.IsDue(TimeSpan.FromSeconds(second)));
            Assert.False(_reminder.End(TimeSpan.FromSeconds(second + 1)));
        }

        Assert.True(_reminder.IsDue(TimeSpan.FromSeconds(60)));
        Assert.Equal("1 min 0 s", _reminder.Duration(TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public void Trouble_ThatComesBackLater_IsAnother()
    {
        _reminder.IsDue(TimeSpan.Zero);
        _reminder.End(TimeSpan.FromSeconds(1));

        Assert.True(_reminder.IsDue(TimeSpan.FromSeconds(61)));
        Assert.Equal("4 s", _reminder.Duration(TimeSpan.FromSeconds(65)));
    }

    [Theory]
    [InlineData(0, "0 s")]
    [InlineData(59, "59 s")]
    [InlineData(3599, "59 min 59 s")]
    [InlineData(3600, "1 h 0 min")]
    [InlineData(90000, "1 d 1 h")]
    [InlineData(-5, "0 s")]
    public void InWords_NamesTheTwoLargestUnits(int seconds, string words) => Assert.Equal(words, Reminder.InWords(TimeSpan.FromSeconds(seconds)));
}

using Flannel.Extensibility;

namespace Flannel.Core.Tests.Timing;

public sealed class BackOffTests
{
    private static readonly TimeSpan Minimum = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Maximum = TimeSpan.FromSeconds(5);

    [Theory]
    [InlineData(1, 100)]
    [InlineData(2, 200)]
    [InlineData(6, 3200)]
    [InlineData(7, 5000)]
    [InlineData(int.MaxValue, 5000)]
    public void Delay_WithoutJitter_DoublesUpToTheMaximum(int attempts, int milliseconds) =>
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), new BackOff(Minimum, Maximum, jitter: 0).Delay(attempts, new Random(1)));

    [Theory]
    [InlineData(0.25)]
    [InlineData(0.5)]
    [InlineData(1)]
    public void Delay_WithJitter_StaysInItsShareAndSpreads(double jitter)
    {
        var backOff = new BackOff(Minimum, Maximum, jitter);
        var random = new Random(7);
        TimeSpan[] delays = [.. Enumerable.Range(0, 1000).Select(_ => backOff.Delay(20, random))];
        Assert.All(delays, delay => Assert.InRange(delay, Maximum * (1 - jitter), Maximum));
        Assert.True(delays.Max() - delays.Min() > Maximum * jitter * 0.9);
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1.1)]
    public void Jitter_OutsideItsRange_IsRefused(double jitter) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new BackOff(Minimum, Maximum, jitter));
}

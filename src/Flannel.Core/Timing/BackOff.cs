namespace Flannel.Extensibility;

/// <summary>Delays between attempts that double up to a bound, with jitter so that many nodes do not move in step.</summary>
public sealed class BackOff
{
    private readonly TimeSpan _minimum;
    private readonly TimeSpan _maximum;
    private readonly double _jitter;

    /// <summary>Creates the delays.</summary>
    /// <param name="minimum">The longest delay after the first attempt.</param>
    /// <param name="maximum">The longest delay of all.</param>
    /// <param name="jitter">The share of a delay that is left to chance, 0 to 1: with 1, anything from nothing to the whole.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="jitter"/> is outside its range.</exception>
    public BackOff(TimeSpan minimum, TimeSpan maximum, double jitter = 0.25)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(jitter);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(jitter, 1);
        (_minimum, _maximum, _jitter) = (minimum, maximum, jitter);
    }

    /// <summary>The delay after a number of failed attempts.</summary>
    /// <param name="attempts">How many have failed, counted from 1.</param>
    /// <param name="random">The source of random numbers.</param>
    public TimeSpan Delay(int attempts, Random random)
    {
        ArgumentNullException.ThrowIfNull(random);
        return LongestDelay(attempts) * (1 - _jitter + (_jitter * random.NextDouble()));
    }

    /// <summary>The longest delay after a number of failed attempts, for who needs no chance.</summary>
    /// <param name="attempts">How many have failed, counted from 1.</param>
    public TimeSpan LongestDelay(int attempts) =>
        TimeSpan.FromMilliseconds(Math.Min(_minimum.TotalMilliseconds * Math.Pow(2, attempts - 1), _maximum.TotalMilliseconds));
}

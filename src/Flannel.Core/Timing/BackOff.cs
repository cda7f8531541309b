namespace Flannel.Core.Timing;

/// <summary>Delays between attempts that double up to a bound, with a quarter of jitter so that many nodes do not move in step.</summary>
/// <param name="Minimum">The delay after the first attempt.</param>
/// <param name="Maximum">The longest delay.</param>
internal readonly record struct BackOff(TimeSpan Minimum, TimeSpan Maximum)
{
    /// <summary>The delay after the given number of failed attempts, counted from 1.</summary>
    public TimeSpan Delay(int attempts, Random random)
    {
        double longest = Math.Min(Minimum.TotalMilliseconds * Math.Pow(2, attempts - 1), Maximum.TotalMilliseconds);
        return TimeSpan.FromMilliseconds(longest * (0.75 + (0.25 * random.NextDouble())));
    }
}

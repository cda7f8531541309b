namespace Flannel.Benchmarks.Reporting;

/// <summary>Repeated measurements of one thing.</summary>
internal sealed class Sample
{
    private readonly List<double> _values = [];

    /// <summary>The measurements in the order they were made.</summary>
    public IReadOnlyList<double> Values => _values;

    public double Median => Percentile(50);

    public double Lowest => _values.Min();

    public double Highest => _values.Max();

    public void Add(double value) => _values.Add(value);

    /// <summary>The percentile by interpolation between the nearest ranks.</summary>
    /// <param name="percent">0 to 100.</param>
    public double Percentile(double percent)
    {
        double[] sorted = [.. _values.Order()];
        double rank = percent / 100 * (sorted.Length - 1);
        double below = sorted[(int)Math.Floor(rank)];
        double above = sorted[(int)Math.Ceiling(rank)];
        return below + ((above - below) * (rank - Math.Floor(rank)));
    }

    /// <summary>The quotients of measurements that were made in the same round.</summary>
    /// <param name="reference">What to divide by.</param>
    public Sample Over(Sample reference)
    {
        var ratios = new Sample();
        foreach ((double ours, double theirs) in _values.Zip(reference._values)) ratios.Add(ours / theirs);
        return ratios;
    }

    /// <summary>The quotient of two medians: for many short measurements, of which single ones say little.</summary>
    /// <param name="reference">What to divide by.</param>
    public Sample OverMedian(Sample reference)
    {
        var ratio = new Sample();
        ratio.Add(Median / reference.Median);
        return ratio;
    }
}

namespace Flanneld.Metrics;

/// <summary>The value of one instrument under one set of labels.</summary>
internal sealed class Series
{
    /// <summary>The sum of a counter, the last value of a gauge, the sum of a histogram.</summary>
    public double Value { get; set; }

    /// <summary>How many values there were.</summary>
    public long Count { get; set; }
}

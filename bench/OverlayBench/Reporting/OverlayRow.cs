using Flannel.Benchmarks.Reporting;
using OverlayBench.Measures;

namespace OverlayBench.Reporting;

/// <summary>One figure on all paths.</summary>
/// <param name="figure">What was measured.</param>
internal sealed class OverlayRow(Figure figure)
{
    private readonly Dictionary<string, Sample> _samples = [];

    public Figure Figure => figure;

    /// <summary>The measurements of each path, one per round.</summary>
    public IReadOnlyDictionary<string, Sample> Samples => _samples;

    public void Add(string path, double value)
    {
        if (!_samples.TryGetValue(path, out Sample? sample)) _samples.Add(path, sample = new Sample());
        sample.Add(value);
    }

    /// <summary>One path divided by another, round by round; <see langword="null"/> if that says nothing.</summary>
    public Sample? Ratio(string path, string over) =>
        figure.HasRatios && _samples.TryGetValue(path, out Sample? ours) && _samples.TryGetValue(over, out Sample? theirs) ? ours.Over(theirs) : null;
}

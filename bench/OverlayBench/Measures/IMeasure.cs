using Flannel.Benchmarks.Labs;

namespace OverlayBench.Measures;

/// <summary>Something that is measured on every path in turn.</summary>
internal interface IMeasure
{
    /// <summary>What comes out of it.</summary>
    IReadOnlyList<Figure> Figures { get; }

    /// <summary>Measures once.</summary>
    /// <param name="pods">The containers on the path.</param>
    /// <param name="cancellationToken">Ends the measurement.</param>
    /// <returns>A value for each of <see cref="Figures"/>.</returns>
    Task<double[]> MeasureAsync(ContainerPair pods, CancellationToken cancellationToken);
}

using Flannel.Benchmarks.Reporting;

namespace Flannel.Benchmarks;

/// <summary>One group of measurements.</summary>
internal interface IBench
{
    /// <summary>The name on the command line.</summary>
    string Name { get; }

    /// <summary>What is measured, in one clause.</summary>
    string Subject { get; }

    /// <summary>Measures. Everything that was made on the way is gone when the task ends, however it ends.</summary>
    /// <param name="rounds">How many pairs of each comparison.</param>
    /// <param name="report">Where the results go.</param>
    /// <param name="cancellationToken">Ends the measurement.</param>
    Task RunAsync(int rounds, Report report, CancellationToken cancellationToken);
}

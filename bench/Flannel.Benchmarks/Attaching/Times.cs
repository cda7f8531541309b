using Flannel.Benchmarks.Reporting;

namespace Flannel.Benchmarks.Attaching;

/// <summary>How long it took, in milliseconds.</summary>
internal sealed class Times
{
    /// <summary>Each container.</summary>
    public Sample Each { get; } = new();

    /// <summary>All containers of a round, from the first begin to the last end.</summary>
    public Sample All { get; } = new();
}

namespace OverlayBench.Reporting;

/// <summary>The JSON shape of an <see cref="OverlayRow"/>: every measurement of each path, in the order of the rounds.</summary>
internal sealed record OverlayDocumentRow(string Name, bool IsMoreBetter, IReadOnlyDictionary<string, IReadOnlyList<double>> Measured);

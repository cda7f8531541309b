namespace OverlayBench.Measures;

/// <summary>What our udp shall reach, as a multiple of what another path reaches in the same round.</summary>
/// <param name="Path">The other path.</param>
/// <param name="Limit">The multiple.</param>
internal sealed record Goal(string Path, double Limit);

namespace OverlayBench.Load;

/// <summary>What iperf3 reports.</summary>
/// <param name="GigabitsPerSecond">What arrived.</param>
/// <param name="Bytes">The same in bytes, the time that did not count left out.</param>
/// <param name="Retransmissions">How many segments TCP sent again.</param>
internal sealed record IperfResult(double GigabitsPerSecond, double Bytes, double Retransmissions);

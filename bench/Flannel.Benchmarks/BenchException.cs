namespace Flannel.Benchmarks;

/// <summary>A measurement cannot be made, or would mean nothing: what was asked, what was found.</summary>
internal sealed class BenchException(string message) : Exception(message);

namespace Flannel;

/// <summary>Whether the host forwards packets between its interfaces, without which containers reach nobody.</summary>
/// <param name="Problem">What is off and how to turn it on; <see langword="null"/> if all is well or nobody knows.</param>
public sealed record ForwardingStatus(string? Problem);

namespace Flannel;

/// <summary>Whether the traffic rules hold.</summary>
/// <param name="Problem">Why they do not, and what to do about it; <see langword="null"/> if they hold.</param>
public sealed record TrafficStatus(FlannelException? Problem);

namespace Flannel;

/// <summary>Another node of the network.</summary>
/// <param name="Lease">Its lease.</param>
/// <param name="Problem">Why it cannot be reached, as far as the backend knows; <see langword="null"/> if all is well.</param>
public sealed record FlannelPeer(Lease Lease, string? Problem)
{
    /// <summary>
    /// What went to it and came from it; <see langword="null"/> if the kernel carries the packets, so that this process does not see them.
    /// </summary>
    public PeerStatistics? Statistics { get; init; }
}

namespace Flannel;

/// <summary>What went to a peer and came from it since it became one, as far as this process saw it.</summary>
/// <param name="SentPackets">Packets that were sent to it.</param>
/// <param name="SentBytes">Their bytes, what the backend puts around them not counted.</param>
/// <param name="ReceivedPackets">Packets that it sent and that were accepted.</param>
/// <param name="ReceivedBytes">Their bytes, what the backend puts around them not counted.</param>
public sealed record PeerStatistics(long SentPackets, long SentBytes, long ReceivedPackets, long ReceivedBytes);

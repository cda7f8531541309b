namespace Flannel.Netlink.Route.Links;

/// <summary>Device counters since the device was created (<c>IFLA_STATS64</c>).</summary>
public readonly record struct LinkStatistics
{
    /// <summary>Packets received.</summary>
    public ulong ReceivedPackets { get; init; }

    /// <summary>Packets sent.</summary>
    public ulong SentPackets { get; init; }

    /// <summary>Bytes received.</summary>
    public ulong ReceivedBytes { get; init; }

    /// <summary>Bytes sent.</summary>
    public ulong SentBytes { get; init; }

    /// <summary>Bad packets received.</summary>
    public ulong ReceiveErrors { get; init; }

    /// <summary>Packets that failed to be sent.</summary>
    public ulong SendErrors { get; init; }

    /// <summary>Packets received but dropped for lack of room or of a receiver.</summary>
    public ulong ReceiveDrops { get; init; }

    /// <summary>Packets dropped on their way to be sent.</summary>
    public ulong SendDrops { get; init; }
}

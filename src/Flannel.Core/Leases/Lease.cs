using System.Net;
using Flannel.Extensibility;

namespace Flannel;

/// <summary>One host's subnet (an IPv4 subnet, an IPv6 subnet or both) and what the host publishes beside it.</summary>
public sealed record Lease
{
    /// <summary>The leased subnets; also the lease's identity in the store.</summary>
    public required SubnetKey Key { get; init; }

    /// <summary>What the holder publishes: its addresses, its backend and the backend's data.</summary>
    public required LeaseAttributes Attributes { get; init; }

    /// <summary>
    /// When the lease ends unless it is renewed; <see langword="null"/> for a reservation, which never ends, and for peers, whose end is the store's
    /// business.
    /// </summary>
    public DateTimeOffset? Expiration { get; init; }

    /// <summary>Whether the lease is a reservation: it has no time to live and keeps having none when it is renewed.</summary>
    public bool IsReservation { get; init; }

    /// <summary>The store revision that created the lease. Between two overlapping leases the older one is right.</summary>
    public long CreateRevision { get; init; }

    /// <summary>The store revision that last changed the lease; what compare-and-swap compares.</summary>
    public long ModRevision { get; init; }

    /// <summary>The leased IPv4 subnet, or <see langword="null"/> in an IPv6-only network.</summary>
    public IPNetwork? Subnet => Key.IPv4;

    /// <summary>The leased IPv6 subnet, or <see langword="null"/> in an IPv4-only network.</summary>
    public IPNetwork? SubnetIPv6 => Key.IPv6;

    /// <summary>The subnets, whose they are, and until when.</summary>
    public override string ToString()
    {
        string holder = string.Join(" and ", new[] { Attributes.PublicIP, Attributes.PublicIPv6 }.Where(static address => address is not null));
        string end = IsReservation ? ", reserved" : Expiration is { } time ? $", until {time:u}" : "";
        string type = Attributes.BackendType is { } backend ? $" ({VisibleText.Of(backend, 80)})" : "";
        return $"{Key} of {(holder.Length == 0 ? "nobody" : holder)}{type}{end}";
    }

    internal static Lease From(StoredEntry entry, SubnetKey key, LeaseAttributes attributes, DateTimeOffset? expiration = null) => new()
    {
        Key = key,
        Attributes = attributes,
        Expiration = entry.HasTimeToLive ? expiration : null,
        IsReservation = !entry.HasTimeToLive,
        CreateRevision = entry.CreateRevision,
        ModRevision = entry.ModRevision,
    };
}

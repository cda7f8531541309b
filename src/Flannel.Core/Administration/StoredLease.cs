using System.Net;
using System.Text;
using Flannel.Core.Json;
using Flannel.Extensibility;

namespace Flannel;

/// <summary>What stands under one key of the subnets' directory: a lease, a reservation, or something that is neither. Compared by value.</summary>
public sealed record StoredLease
{
    private const int MaxReason = 512;

    internal StoredLease(string key, long createRevision, long revision) => (Key, CreateRevision, Revision) = (key, createRevision, revision);

    /// <summary>The key as it stands in the store, such as <c>10.5.52.0-24</c>.</summary>
    public string Key { get; }

    /// <summary>The subnets that the key names; <see langword="null"/> if it names none.</summary>
    public SubnetKey? Subnets { get; internal init; }

    /// <summary>
    /// What the holder publishes: its public addresses, its backend and the backend's data; <see langword="null"/> if the document cannot be read.
    /// </summary>
    public LeaseAttributes? Attributes { get; internal init; }

    /// <summary>
    /// Why nodes refuse the lease (they have it in quarantine), as far as that can be told without a node; <see langword="null"/> if nothing speaks
    /// against it. A backend may have further reasons.
    /// </summary>
    public string? Refusal { get; internal init; }

    /// <summary>Whether the key never ends: a reservation, or something that an operator wrote by hand.</summary>
    public bool IsReservation { get; internal init; }

    /// <summary>
    /// How long the lease lives unless it is renewed; <see langword="null"/> for a reservation, where it was not asked for, and where the store
    /// cannot tell.
    /// </summary>
    public TimeSpan? TimeLeft { get; internal init; }

    /// <summary>The store revision that created the key. Between two overlapping leases the older one is right.</summary>
    public long CreateRevision { get; }

    /// <summary>The store revision that last wrote the key: what every change of it compares.</summary>
    public long Revision { get; }

    /// <summary>The key, its holder and what is special about it, on one line.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(Shown);
        if (Holder is { } holder) text.Append(" (").Append(holder).Append(')');
        if (IsReservation) text.Append(", reserved");
        if (TimeLeft is { } left) text.Append(", ").Append(left.ToString("c")).Append(" left");
        return Refusal is null ? text.ToString() : text.Append(", refused: ").Append(Refusal).ToString();
    }

    /// <summary>The key for messages: whoever can write one of his own making must not write the log.</summary>
    internal string Shown => Subnets is null ? GoJson.Excerpt(Key) : Key;

    /// <summary>The address that names the holder, for messages.</summary>
    internal IPAddress? Holder => Attributes?.PublicIP ?? Attributes?.PublicIPv6;

    internal static StoredLease Read(StoredEntry entry, string? refusal)
    {
        bool isKey = SubnetKey.TryParse(entry.Key, out SubnetKey subnets, out string? keyProblem);
        string? problem = entry.Unreadable;
        LeaseAttributes? attributes = null;
        if (problem is null) _ = entry.TryRead(out attributes, out problem);
        return new StoredLease(entry.Key, entry.CreateRevision, entry.ModRevision)
        {
            Subnets = isKey ? subnets : null,
            Attributes = attributes,
            Refusal = (refusal ?? keyProblem ?? problem) is { } reason ? VisibleText.Of(reason, MaxReason) : null,
            IsReservation = !entry.HasTimeToLive,
        };
    }

    /// <summary>The entry as far as a conditional write needs it.</summary>
    internal StoredEntry ToEntry() => new(Key, default, CreateRevision, Revision, !IsReservation);
}

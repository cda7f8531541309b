namespace Flannel.Extensibility;

/// <summary>What a store says of one other host, right or wrong.</summary>
/// <param name="Name">What the store calls it; shown where its lease is refused.</param>
public sealed record PeerEntry(string Name)
{
    /// <summary>
    /// The subnets that it claims, or <see langword="null"/> if the store does not say, or says it wrongly; <see cref="Problem"/> is set then.
    /// </summary>
    public SubnetKey? Subnets { get; init; }

    /// <summary>What it publishes, or <see langword="null"/> if that cannot be read; <see cref="Problem"/> is set then.</summary>
    public LeaseAttributes? Attributes { get; init; }

    /// <summary>Why the entry cannot be used, as the end of a sentence, or <see langword="null"/>.</summary>
    public string? Problem { get; init; }

    /// <summary>
    /// Tells two hosts apart that have one name, one after the other. As long as it is the same, the last good state of a host stands when its entry
    /// becomes bad.
    /// </summary>
    public string Incarnation { get; init; } = "";

    /// <summary>The age: of two entries that claim overlapping subnets, the one with the smaller number is right.</summary>
    public long CreateRevision { get; init; }

    /// <summary>The store revision that last changed the entry.</summary>
    public long ModRevision { get; init; }
}

/// <summary>One host that came, changed or went.</summary>
/// <param name="Name">What the store calls it.</param>
/// <param name="Entry">What it says of it now, or <see langword="null"/> if it says nothing any more.</param>
public readonly record struct PeerEntryChange(string Name, PeerEntry? Entry);

using Flannel.Core.State;

namespace Flannel.Extensibility;

/// <summary>
/// One item of <see cref="ISubnetMembership.WatchAsync"/>: <see cref="LeaseSnapshot"/>, <see cref="LeaseChanges"/>, <see cref="OwnLeaseChanged"/>,
/// <see cref="StoreAvailabilityChanged"/>, <see cref="QuarantineChanged"/>, <see cref="PeersRetained"/> or <see cref="NetworkConfigChanged"/>. The
/// set is closed.
/// </summary>
public abstract record SubnetEvent
{
    private protected SubnetEvent()
    {
    }
}

/// <summary>All peers at one store revision. Whoever is not in it is gone.</summary>
/// <param name="Peers">Every accepted lease but the own one.</param>
/// <param name="Revision">The store revision that the snapshot shows.</param>
public sealed record LeaseSnapshot(IReadOnlyList<Lease> Peers, long Revision) : SubnetEvent
{
    /// <summary>Whether both show the same peers in the same order at the same revision.</summary>
    /// <param name="other">The other snapshot.</param>
    public bool Equals(LeaseSnapshot? other) =>
        ReferenceEquals(this, other) || (other is not null && Revision == other.Revision && Contents.AreSame(Peers, other.Peers));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Revision, Peers.Count);

    /// <summary>The peers' subnets on one line.</summary>
    public override string ToString() =>
        $"{Peers.Count} peers at revision {Revision}: {Contents.Show(Peers.Select(static peer => peer.Key), Peers.Count)}";
}

/// <summary>What changed among the peers since the last snapshot or changes. Only real differences are listed.</summary>
/// <param name="Changes">The changes, at most one per subnet.</param>
/// <param name="Revision">The store revision up to which the changes reach.</param>
public sealed record LeaseChanges(IReadOnlyList<LeaseChange> Changes, long Revision) : SubnetEvent
{
    /// <summary>Whether both are the same changes in the same order up to the same revision.</summary>
    /// <param name="other">The other changes.</param>
    public bool Equals(LeaseChanges? other) =>
        ReferenceEquals(this, other) || (other is not null && Revision == other.Revision && Contents.AreSame(Changes, other.Changes));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Revision, Changes.Count);

    /// <summary>The changes on one line.</summary>
    public override string ToString() => $"{Changes.Count} changes up to revision {Revision}: {Contents.Show(Changes)}";
}

/// <summary>One peer that came, changed or went.</summary>
/// <param name="Before">The peer as it was, or <see langword="null"/> if it is new.</param>
/// <param name="After">The peer as it is, or <see langword="null"/> if it left.</param>
public readonly record struct LeaseChange(Lease? Before, Lease? After)
{
    /// <summary>Which subnet came, changed or went.</summary>
    public override string ToString() => (Before, After) switch
    {
        (null, { } after) => $"{after.Key} came",
        ({ } before, null) => $"{before.Key} left",
        ({ }, { } after) => $"{after.Key} changed",
        _ => "nothing",
    };
}

/// <summary>Somebody put another network configuration into the store, or deleted it.</summary>
/// <param name="Config">The configuration, or <see langword="null"/> if there is none or the document cannot be used.</param>
/// <param name="Error">What is wrong with the document, or <see langword="null"/>.</param>
public sealed record NetworkConfigChanged(NetworkConfig? Config, NetworkConfigException? Error) : SubnetEvent
{
    /// <summary>Keys of the document that mean nothing to Flannel, such as misspelled ones.</summary>
    public IReadOnlyList<string> UnknownKeys { get; init; } = [];

    /// <summary>Whether both say the same of the configuration.</summary>
    /// <param name="other">The other change.</param>
    public bool Equals(NetworkConfigChanged? other) =>
        ReferenceEquals(this, other)
        || (other is not null && Equals(Config, other.Config) && Equals(Error, other.Error) && Contents.AreSame(UnknownKeys, other.UnknownKeys));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Config, Error, UnknownKeys.Count);

    /// <summary>The configuration, or what is wrong with it.</summary>
    public override string ToString() =>
        "the network configuration is now: " +
        $"{Config?.ToString() ?? Error?.Message}{(UnknownKeys.Count == 0 ? "" : $"; unknown keys {Contents.Show(UnknownKeys)}")}";
}

/// <summary>The own lease was renewed, lost or taken again.</summary>
/// <param name="State">What happened.</param>
/// <param name="Lease">The lease as it is now, or as it last was.</param>
/// <param name="Error">
/// Why the lease is lost, taken or contested: a <see cref="LeaseLostException"/> or a <see cref="DuplicatePublicAddressException"/>;
/// <see langword="null"/> while it is held and nobody else claims it.
/// </param>
public sealed record OwnLeaseChanged(OwnLeaseState State, Lease Lease, LeaseException? Error) : SubnetEvent;

/// <summary>What happened to the own lease.</summary>
public enum OwnLeaseState
{
    /// <summary>The lease was renewed, or its document changed without touching ownership.</summary>
    Renewed,

    /// <summary>The lease was lost or taken, and the node holds the same subnet again. Traffic was not touched.</summary>
    Reacquired,

    /// <summary>The lease is gone and the same subnet could not be taken yet; it is tried again.</summary>
    Lost,

    /// <summary>The subnet belongs to somebody else now. It is never overwritten; it is taken again when it becomes free.</summary>
    Taken,

    /// <summary>The lease could not be renewed before its end, because the store does not answer; whether it still stands is not known.</summary>
    Overdue,

    /// <summary>
    /// The store gives the node another subnet now, or holds an older lease with its public address. The node acquires again, at once: whoever
    /// reports this keeps the sequence open and does nothing more.
    /// </summary>
    Moved,

    /// <summary>The lease is held, and another live host with the same public address claims it. That host yields.</summary>
    Contested,
}

/// <summary>The set of leases that are refused changed, or the number of those that are not followed.</summary>
/// <param name="Leases">The leases that are refused now; not all of them if <paramref name="Total"/> is larger.</param>
/// <param name="Total">How many leases are refused now.</param>
/// <param name="LeftOut">How many leases beside them are not followed, because the store holds more than the node's limit.</param>
public sealed record QuarantineChanged(IReadOnlyList<QuarantinedLease> Leases, int Total, int LeftOut) : SubnetEvent
{
    /// <summary>Whether both refuse the same leases.</summary>
    /// <param name="other">The other change.</param>
    public bool Equals(QuarantineChanged? other) =>
        ReferenceEquals(this, other)
            || (other is not null && (Total, LeftOut) == (other.Total, other.LeftOut) && Contents.AreSame(Leases, other.Leases));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Total, LeftOut, Leases.Count);

    /// <summary>The refused leases on one line.</summary>
    public override string ToString() =>
        $"{Total} leases refused{(LeftOut == 0 ? "" : $", {LeftOut} not followed")}: " +
        $"{Contents.Show(Leases.Select(static lease => $"{VisibleText.Of(lease.Key, 128)}: {VisibleText.Of(lease.Reason, 512)}"), Leases.Count)}";
}

/// <summary>
/// The number of peers changed that are gone from the store and reported as there all the same, because more than half of them left together. They go
/// when their time is over; those that come back before that are as if they had never left.
/// </summary>
/// <param name="Count">How many there are now.</param>
public sealed record PeersRetained(int Count) : SubnetEvent;

/// <summary>The store went away or came back, or is away for another reason than before. Peers stay as last known meanwhile.</summary>
/// <param name="Error">Why the store cannot be reached, or <see langword="null"/> when it answers again.</param>
public sealed record StoreAvailabilityChanged(StoreException? Error) : SubnetEvent;

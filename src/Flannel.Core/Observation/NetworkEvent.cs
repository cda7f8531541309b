using Flannel.Core.Observation;
using Flannel.Core.State;

namespace Flannel;

/// <summary>
/// One item of <see cref="IFlannelObserver.WatchAsync"/>: <see cref="NetworkSnapshot"/>, <see cref="StoredLeaseChange"/>,
/// <see cref="StoredConfigChange"/> or <see cref="StoreReachability"/>. The set is closed.
/// </summary>
public abstract record NetworkEvent
{
    private protected NetworkEvent()
    {
    }
}

/// <summary>The whole network at one store revision. It comes once; what comes afterwards differs from it.</summary>
/// <param name="Config">The network configuration, usable or not; <see langword="null"/> if there is none.</param>
/// <param name="Leases">Everything below the subnets' directory, in the order of the keys.</param>
/// <param name="Revision">The store revision that is shown.</param>
public sealed record NetworkSnapshot(StoredNetworkConfig? Config, IReadOnlyList<StoredLease> Leases, long Revision) : NetworkEvent
{
    /// <summary>Whether both show the same configuration and the same leases in the same order at the same revision.</summary>
    /// <param name="other">The other snapshot.</param>
    public bool Equals(NetworkSnapshot? other) =>
        ReferenceEquals(this, other)
        || (other is not null && Revision == other.Revision && Config == other.Config && Contents.AreSame(Leases, other.Leases));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Revision, Config, Leases.Count);

    /// <summary>The leases on one line.</summary>
    public override string ToString() => $"{Leases.Count} leases at revision {Revision}: {Contents.Show(Leases)}";
}

/// <summary>
/// A lease, a reservation or a refused key that came, changed or went; one of the two is there. A key that was written again with the same document
/// has changed, too: its <see cref="StoredLease.Revision"/> differs. (flannel does so when it renews, nodes of this library do not.)
/// </summary>
/// <param name="Before">What stood under the key, or <see langword="null"/> if nothing did.</param>
/// <param name="After">What stands under the key, or <see langword="null"/> if nothing does.</param>
public sealed record StoredLeaseChange(StoredLease? Before, StoredLease? After) : NetworkEvent
{
    /// <summary>What happened.</summary>
    public ChangeKind Kind => Differences.KindOf(Before, After);

    /// <summary>The key.</summary>
    public string Key => (After ?? Before)!.Key;
}

/// <summary>The network configuration was written or deleted; one of the two is there.</summary>
/// <param name="Before">The configuration as it was, or <see langword="null"/> if there was none.</param>
/// <param name="After">The configuration as it is, or <see langword="null"/> if there is none.</param>
public sealed record StoredConfigChange(StoredNetworkConfig? Before, StoredNetworkConfig? After) : NetworkEvent
{
    /// <summary>What happened.</summary>
    public ChangeKind Kind => Differences.KindOf(Before, After);
}

/// <summary>The store went away or came back, or is away for another reason than before. What was told last stands meanwhile.</summary>
/// <param name="Error">Why the store cannot be reached, or <see langword="null"/> when it answers again.</param>
public sealed record StoreReachability(StoreException? Error) : NetworkEvent;

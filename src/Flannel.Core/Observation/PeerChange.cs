using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Flannel.Core.Observation;

namespace Flannel;

/// <summary>A peer of a node that came, changed or went; one of the two is there.</summary>
/// <param name="Before">The peer's lease as it was, or <see langword="null"/> if the peer is new.</param>
/// <param name="After">The peer's lease as it is, or <see langword="null"/> if the peer is gone.</param>
public sealed record PeerChange(Lease? Before, Lease? After)
{
    /// <summary>What happened.</summary>
    public ChangeKind Kind => Differences.KindOf(Before, After);

    /// <summary>The subnets of the peer.</summary>
    public SubnetKey Subnets => (After ?? Before)!.Key;

    /// <summary>Tells what differs from status to status: first every peer there is, then each one that comes, changes or goes.</summary>
    internal static async IAsyncEnumerable<PeerChange> FollowAsync(
        IAsyncEnumerable<FlannelNodeStatus> statuses, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ImmutableDictionary<SubnetKey, Lease> known = ImmutableDictionary<SubnetKey, Lease>.Empty;
        await foreach (FlannelNodeStatus status in statuses.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            if (ReferenceEquals(known, status.Peers)) continue;
            IReadOnlyList<(Lease? Before, Lease? After)> differences = Differences.Between(known, status.Peers);
            known = status.Peers;
            foreach ((Lease? before, Lease? after) in differences) yield return new PeerChange(before, after);
        }
    }
}

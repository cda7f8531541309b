using System.Runtime.CompilerServices;
using Flannel.Core.Leases.Membership;
using Flannel.Extensibility;

namespace Flannel.Core.Leases.Policy;

internal sealed partial class SubnetManager
{
    /// <summary>A lease that was taken.</summary>
    /// <param name="manager">The policy that it was taken by.</param>
    /// <param name="request">The request that took it.</param>
    /// <param name="taken">The lease as written.</param>
    /// <param name="writtenAt">When its time to live began, as a timestamp.</param>
    /// <param name="listed">
    /// What was listed shortly before; it may be outdated, but a watch from it delivers what has happened since. <see langword="null"/> to list
    /// again.
    /// </param>
    private sealed class Membership(
        SubnetManager manager, LeaseRequest request, TakenLease taken, long writtenAt, StoreSnapshot? listed) : ISubnetMembership
    {
        private StoreSnapshot? _listed = listed;

        /// <summary>Whether the node has read its configuration from what was listed, and not from an older listing.</summary>
        public bool IsConfigRead { get; init; }

        public Lease Lease => taken.Lease;

        public async IAsyncEnumerable<SubnetEvent> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            var keeper = new LeaseKeeper(
                manager._store,
                manager._options,
                manager._time,
                manager._random,
                manager._logger,
                manager._metrics,
                request,
                taken.Lease,
                taken.Entry,
                taken.IsClaimed,
                manager._time.GetElapsedTime(writtenAt),
                Interlocked.Exchange(ref _listed, null),
                IsConfigRead);
            await using (keeper.ConfigureAwait(false))
            {
                while (true)
                {
                    while (keeper.TryTake(out SubnetEvent? result))
                        yield return result;
                    await keeper.StepAsync(cancellationToken).ConfigureAwait(false);
                }
            }
        }
    }
}

namespace Flannel.Core.Leases;

/// <summary>
/// One item of <see cref="ISubnetMembership.WatchAsync"/>: <see cref="LeaseSnapshot"/>, <see cref="LeaseChanges"/>, <see cref="OwnLeaseChanged"/>,
/// <see cref="StoreAvailabilityChanged"/>, <see cref="QuarantineChanged"/> or <see cref="NetworkConfigChanged"/>. The set is closed.
/// </summary>
public abstract record LeaseWatchResult
{
    private protected LeaseWatchResult()
    {
    }
}

namespace Flannel.Extensibility;

/// <summary>A subnet that a node has taken, or was given, and the way to keep it.</summary>
public interface ISubnetMembership
{
    /// <summary>The lease as it was taken.</summary>
    Lease Lease { get; }

    /// <summary>
    /// Keeps the lease (renews it, takes it again after it was lost) and watches the others. The first peers come as one
    /// <see cref="LeaseSnapshot"/>; a store that goes away is reported and waited for, it does not end the sequence.
    /// </summary>
    /// <remarks>
    /// The snapshot comes once, as soon as the peers are known, and never again: a node may have thousands of peers, and goes on with differences
    /// alone. If leases are refused at the start, a <see cref="QuarantineChanged"/> comes right before that snapshot. Afterwards there are only
    /// differences, also when the store was away or had forgotten what happened meanwhile: a peer that did not change is not mentioned. The lease is
    /// kept as long as the sequence is read, so its reader must not dwell on an item. The sequence ends only by an
    /// <see cref="OperationCanceledException"/>, within seconds whatever the store does.
    /// </remarks>
    /// <param name="cancellationToken">Ends the sequence; the lease stays in the store.</param>
    IAsyncEnumerable<SubnetEvent> WatchAsync(CancellationToken cancellationToken);
}

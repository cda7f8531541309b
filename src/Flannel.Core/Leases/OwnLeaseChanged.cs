using Flannel.Core.Diagnostics;

namespace Flannel.Core.Leases;

/// <summary>The own lease was renewed, lost or taken again.</summary>
/// <param name="State">What happened.</param>
/// <param name="Lease">The lease as it is now, or as it last was.</param>
/// <param name="Error">
/// Why the lease is lost or taken: a <see cref="LeaseLostException"/> or a <see cref="DuplicatePublicAddressException"/>; <see langword="null"/> while
/// it is held.
/// </param>
public sealed record OwnLeaseChanged(OwnLeaseState State, Lease Lease, LeaseException? Error) : LeaseWatchResult;

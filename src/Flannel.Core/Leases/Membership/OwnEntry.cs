using Flannel.Extensibility;

namespace Flannel.Core.Leases.Membership;

/// <summary>An entry of the store that a node published itself, as far as its public address tells.</summary>
/// <param name="Entry">The entry.</param>
/// <param name="Lease">The lease it is, without an expiration.</param>
internal readonly record struct OwnEntry(StoredEntry Entry, Lease Lease);

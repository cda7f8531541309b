using Flannel.Core.Diagnostics;

namespace Flannel.Core.Leases;

/// <summary>The store went away or came back, or is away for another reason than before. Peers stay as last known meanwhile.</summary>
/// <param name="Error">Why the store cannot be reached, or <see langword="null"/> when it answers again.</param>
public sealed record StoreAvailabilityChanged(StoreException? Error) : LeaseWatchResult;

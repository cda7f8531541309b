namespace Flannel.Core.Leases.Membership;

/// <summary>How the own lease was found, and what this node has to do with whoever wrote it.</summary>
/// <param name="IsLive">Whether the watch delivered it, so that we were here when it was written.</param>
/// <param name="IsLost">Whether we do not hold the lease at present, so that somebody has given it back.</param>
/// <param name="IsAnswer">Whether it would be an answer to our claim.</param>
/// <param name="IsAsking">Whether we have claimed the lease and wait for an answer.</param>
/// <param name="HasYielded">Whether we have left the lease to another host with our address.</param>
/// <param name="MayAnswer">Whether we may write once more; not against somebody who writes without end.</param>
internal readonly record struct OwnLeaseSight(bool IsLive, bool IsLost, bool IsAnswer, bool IsAsking, bool HasYielded, bool MayAnswer);

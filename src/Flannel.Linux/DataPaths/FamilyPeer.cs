using System.Diagnostics.CodeAnalysis;
using System.Net;
using Flannel.Linux.Diagnostics;

namespace Flannel.Extensibility;

/// <summary>A peer as one address family sees it.</summary>
/// <param name="Key">The lease's identity.</param>
/// <param name="Subnet">The peer's subnet.</param>
/// <param name="Host">The peer's host.</param>
/// <param name="Data">What the peer's backend publishes for this family, or <see langword="null"/>.</param>
/// <param name="CreateRevision">The revision at which the lease was created; a smaller one is older.</param>
[Experimental(ExperimentalApi.KernelBackends)]
public sealed record FamilyPeer(SubnetKey Key, IPNetwork Subnet, IPAddress Host, string? Data, long CreateRevision);

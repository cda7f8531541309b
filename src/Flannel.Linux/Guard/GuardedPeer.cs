using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.NetworkInformation;
using Flannel.Linux.Diagnostics;

namespace Flannel.Extensibility;

/// <summary>A peer as a <see cref="TunnelGuard"/> tells its packets.</summary>
/// <param name="Key">The lease's identity.</param>
/// <param name="Host">The address that tunnel packets come from.</param>
/// <param name="Subnet">The subnet that inner packets come from.</param>
/// <param name="Mac">The MAC that inner packets come with; <see langword="null"/> if they have none.</param>
[Experimental(ExperimentalApi.KernelBackends)]
public sealed record GuardedPeer(SubnetKey Key, IPAddress Host, IPNetwork Subnet, PhysicalAddress? Mac = null);

using System.Collections.Immutable;
using Flannel.Core.Addressing;

namespace Flannel.Backends.HostGateway.DataPath;

/// <summary>The condition of one address family's data path.</summary>
/// <param name="Mtu">The external interface's MTU in bytes.</param>
/// <param name="IsConverged">Whether the kernel has everything desired, failing peers excepted.</param>
/// <param name="Problem">What is wrong with the data path as a whole, or <see langword="null"/>.</param>
/// <param name="PeerProblems">The peers that cannot be reached, each with the reason.</param>
internal sealed record HostGatewayDataPathStatus(int Mtu, bool IsConverged, string? Problem, ImmutableDictionary<SubnetKey, string> PeerProblems);

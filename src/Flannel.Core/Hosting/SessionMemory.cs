using Flannel.Core.Configuration;
using Flannel.Core.Leases;

namespace Flannel.Core.Hosting;

/// <summary>What a session hands on to the next one, so that the node stays who it is while it runs.</summary>
/// <param name="Lease">The lease as last held.</param>
/// <param name="Attributes">What the backend had to publish last; not published yet if that is why the session ended.</param>
/// <param name="Config">The configuration that was run with.</param>
/// <param name="PeerConfig">The configuration that peers were judged by.</param>
internal sealed record SessionMemory(Lease Lease, LeaseAttributes Attributes, NetworkConfig Config, NetworkConfig PeerConfig);

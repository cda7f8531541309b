using Flannel.Core.Configuration;
using Flannel.Core.Diagnostics;

namespace Flannel.Core.Leases;

/// <summary>Somebody put another network configuration into the store.</summary>
/// <param name="Config">The configuration, or <see langword="null"/> if the document cannot be used.</param>
/// <param name="Error">What is wrong with the document, or <see langword="null"/>.</param>
public sealed record NetworkConfigChanged(NetworkConfig? Config, NetworkConfigException? Error) : LeaseWatchResult;

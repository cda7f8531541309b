using Flannel.Core.Configuration;
using Flannel.Core.Diagnostics;

namespace Flannel.Core.Leases;

/// <summary>Somebody put another network configuration into the store, or deleted it.</summary>
/// <param name="Config">The configuration, or <see langword="null"/> if there is none or the document cannot be used.</param>
/// <param name="Error">What is wrong with the document, or <see langword="null"/>.</param>
public sealed record NetworkConfigChanged(NetworkConfig? Config, NetworkConfigException? Error) : LeaseWatchResult
{
    /// <summary>Keys of the document that mean nothing to Flannel, such as misspelled ones.</summary>
    public IReadOnlyList<string> UnknownKeys { get; init; } = [];
}

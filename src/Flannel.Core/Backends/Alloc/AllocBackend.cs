using System.Net;
using Flannel.Extensibility;

namespace Flannel.Core.Backends.Alloc;

/// <summary>
/// flannel's alloc backend: the host leases a subnet, and that is all. Somebody else carries the packets: a cloud's route table, a router, the
/// application itself.
/// </summary>
internal sealed class AllocBackend : IBackend
{
    /// <summary>The backend's name in the network configuration; leases do not name it.</summary>
    public const string TypeName = "alloc";

    public string Name => TypeName;

    /// <summary>Whoever carries the packets has addresses and routes inside the network, so nothing there is a collision.</summary>
    public bool Owns(HostPrefix prefix, NetworkConfig config)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        ArgumentNullException.ThrowIfNull(config);
        return IsInside(config.Network) || IsInside(config.IPv6Network);

        bool IsInside(IPNetwork? network) =>
            network is { } range && prefix.Prefix.PrefixLength >= range.PrefixLength && range.Contains(prefix.Prefix.BaseAddress);
    }

    /// <summary>The backend's own block holds nothing but its name.</summary>
    public string? RefuseLiveChange(NetworkConfig running, NetworkConfig wanted) => null;

    public Task<IBackendNetwork> CreateNetworkAsync(BackendContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult<IBackendNetwork>(new AllocNetwork(context.ExternalInterface));
    }
}

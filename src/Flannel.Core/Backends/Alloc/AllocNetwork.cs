using Flannel.Extensibility;

namespace Flannel.Core.Backends.Alloc;

/// <summary>A network without a data path: what it is told to reach it leaves to others, so it is always in the desired state.</summary>
internal sealed class AllocNetwork : IBackendNetwork
{
    private readonly LatestValue<BackendStatus> _status;

    /// <summary>Creates the network.</summary>
    /// <param name="external">The interface whose addresses are published and whose MTU is the overlay's.</param>
    public AllocNetwork(ExternalInterface external)
    {
        Attributes = new LeaseAttributes { PublicIP = external.PublicIP, PublicIPv6 = external.PublicIPv6 };
        _status = new LatestValue<BackendStatus>(new BackendStatus { Mtu = external.Mtu, IsConverged = true });
    }

    /// <summary>The addresses only; flannel's alloc names no backend in its leases.</summary>
    public LeaseAttributes Attributes { get; }

    public BackendStatus Status => _status.Value;

    /// <summary>Accepts every peer: nothing is done with it, and leases without a backend's name come from more than one backend.</summary>
    public string? CheckPeer(Lease peer) => null;

    public Task StartAsync(Lease own, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.CompletedTask;
    }

    public void SetPeers(IReadOnlyList<Lease> peers)
    {
    }

    public void ChangePeers(IReadOnlyList<LeaseChange> changes)
    {
    }

    public IAsyncEnumerable<BackendStatus> WatchAsync(CancellationToken cancellationToken) => _status.WatchAsync(cancellationToken);

    public Task RemoveAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public ValueTask DisposeAsync()
    {
        _status.Complete();
        return ValueTask.CompletedTask;
    }
}

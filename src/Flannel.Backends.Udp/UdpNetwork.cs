using System.Runtime.Versioning;
using Flannel.Core.Backends;
using Flannel.Core.Leases;
using Flannel.Core.State;

namespace Flannel.Backends.Udp;

/// <summary>A running UDP network.</summary>
[SupportedOSPlatform("linux")]
internal sealed class UdpNetwork(UdpNetworkConfig config, ExternalInterface externalInterface) : IBackendNetwork
{
    private readonly LatestValue<BackendStatus> _status = new(new BackendStatus { Mtu = externalInterface.Mtu - UdpOverhead.IPv4 });

    public LeaseAttributes Attributes => new()
    {
        PublicIP = externalInterface.PublicIP,
        PublicIPv6 = externalInterface.PublicIPv6,
        BackendV6Data = externalInterface.AddressIPv6 is null ? null : new UdpLeaseData(config.Port).ToJson(),
    };

    public BackendStatus Status => _status.Value;

    public string? CheckPeer(Lease peer) => null;

    public Task StartAsync(Lease own, CancellationToken cancellationToken) => Task.CompletedTask;

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

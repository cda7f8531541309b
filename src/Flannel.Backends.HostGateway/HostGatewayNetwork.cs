using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Flannel.Backends.HostGateway.DataPath;
using Flannel.Backends.HostGateway.Diagnostics;
using Flannel.Backends.HostGateway.Peers;
using Flannel.Core.Backends;
using Flannel.Core.Leases;
using Flannel.Core.State;
using Flannel.Linux.DataPaths;
using Flannel.Linux.Hosts;

namespace Flannel.Backends.HostGateway;

/// <summary>A running host-gw network: one data path per address family.</summary>
[SupportedOSPlatform("linux")]
internal sealed class HostGatewayNetwork : IBackendNetwork
{
    private readonly HostKernel _host;
    private readonly IReadOnlyList<HostGatewayDataPath> _dataPaths;
    private readonly Lock _publishing = new();
    private readonly LatestValue<BackendStatus> _status;
    private int _isDisposed;

    /// <summary>Takes over what makes up the network.</summary>
    /// <param name="host">The host's network.</param>
    /// <param name="dataPaths">The data paths, prepared.</param>
    public HostGatewayNetwork(HostKernel host, IReadOnlyList<HostGatewayDataPath> dataPaths)
    {
        (_host, _dataPaths) = (host, dataPaths);
        _status = new LatestValue<BackendStatus>(MergeStatus());
    }

    public LeaseAttributes Attributes => new()
    {
        PublicIP = AddressOf(AddressFamily.InterNetwork),
        PublicIPv6 = AddressOf(AddressFamily.InterNetworkV6),
        BackendType = HostGatewayBackend.TypeName,
    };

    /// <summary>Made anew for each caller: what is watched follows a moment later.</summary>
    public BackendStatus Status => MergeStatus();

    /// <summary>How many routes have been written or removed so far.</summary>
    public long Writes => _dataPaths.Sum(static dataPath => dataPath.Reconciliation.Writes);

    public string? CheckPeer(Lease peer)
    {
        if (peer.Attributes.BackendType != HostGatewayBackend.TypeName)
            return $"its backend is '{peer.Attributes.BackendType}', ours is {HostGatewayBackend.TypeName}";
        bool isReachable = false;
        foreach (HostGatewayDataPath dataPath in _dataPaths)
        {
            isReachable |= HostGatewayPeer.From(peer, dataPath.Spec.Family, out string? reason) is not null;
            if (reason is not null) return reason;
        }

        return isReachable ? null : "it has no subnet of an address family that this host runs";
    }

    public Task StartAsync(Lease own, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        foreach (HostGatewayDataPath dataPath in _dataPaths)
            KernelRefusal.Translate(dataPath.Spec.UplinkName, () => dataPath.Start(PublishStatus));
        PublishStatus();
        return Task.CompletedTask;
    }

    public void SetPeers(IReadOnlyList<Lease> peers)
    {
        foreach (HostGatewayDataPath dataPath in _dataPaths) dataPath.SetPeers(peers);
        PublishStatus();
    }

    public void ChangePeers(IReadOnlyList<LeaseChange> changes)
    {
        foreach (HostGatewayDataPath dataPath in _dataPaths) dataPath.ChangePeers(changes);
        PublishStatus();
    }

    public IAsyncEnumerable<BackendStatus> WatchAsync(CancellationToken cancellationToken) => _status.WatchAsync(cancellationToken);

    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        foreach (HostGatewayDataPath dataPath in _dataPaths)
        {
            await dataPath.StopAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
            KernelRefusal.Translate(dataPath.Spec.UplinkName, dataPath.Remove);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0) return;
        foreach (HostGatewayDataPath dataPath in _dataPaths) await dataPath.DisposeAsync().ConfigureAwait(false);
        _host.Dispose();
        _status.Complete();
    }

    private IPAddress? AddressOf(AddressFamily family) =>
        _dataPaths.FirstOrDefault(dataPath => dataPath.Spec.Family == family)?.Spec.Address;

    /// <summary>One at a time, so that an older status never replaces a newer one.</summary>
    private void PublishStatus()
    {
        lock (_publishing) _status.Publish(MergeStatus());
    }

    private BackendStatus MergeStatus() => DataPathStatus.Merge([.. _dataPaths.Select(static dataPath => dataPath.Status)]);
}

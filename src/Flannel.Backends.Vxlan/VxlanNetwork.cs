using System.Net.Sockets;
using System.Runtime.Versioning;
using Flannel.Backends.Vxlan.DataPath;
using Flannel.Backends.Vxlan.Devices;
using Flannel.Backends.Vxlan.Peers;
using Flannel.Core.Backends;
using Flannel.Core.Leases;
using Flannel.Core.State;
using Flannel.Linux.DataPaths;
using Flannel.Linux.Hosts;

namespace Flannel.Backends.Vxlan;

/// <summary>A running VXLAN network: one data path per address family.</summary>
[SupportedOSPlatform("linux")]
internal sealed class VxlanNetwork : IBackendNetwork
{
    private readonly VxlanNetworkConfig _config;
    private readonly ExternalInterface _externalInterface;
    private readonly HostKernel _host;
    private readonly IReadOnlyList<VxlanDataPath> _dataPaths;
    private readonly Lock _publishing = new();
    private readonly LatestValue<BackendStatus> _status;
    private int _isDisposed;

    /// <summary>Takes over what makes up the network.</summary>
    /// <param name="config">The backend block of the network configuration.</param>
    /// <param name="externalInterface">The interface that carries the outer packets.</param>
    /// <param name="host">The host's network.</param>
    /// <param name="dataPaths">The data paths, with their devices prepared.</param>
    public VxlanNetwork(VxlanNetworkConfig config, ExternalInterface externalInterface, HostKernel host, IReadOnlyList<VxlanDataPath> dataPaths)
    {
        (_config, _externalInterface, _host, _dataPaths) = (config, externalInterface, host, dataPaths);
        _status = new LatestValue<BackendStatus>(MergeStatus());
    }

    public LeaseAttributes Attributes => new()
    {
        PublicIP = _externalInterface.PublicIP,
        PublicIPv6 = _externalInterface.PublicIPv6,
        BackendType = VxlanBackend.TypeName,
        BackendData = DataOf(AddressFamily.InterNetwork),
        BackendV6Data = DataOf(AddressFamily.InterNetworkV6),
    };

    /// <summary>Made anew for each caller: what is watched follows a moment later.</summary>
    public BackendStatus Status => MergeStatus();

    /// <summary>How many entries of the kernel have been written or removed so far.</summary>
    public long Writes => _dataPaths.Sum(static dataPath => dataPath.Reconciliation.Writes);

    public string? CheckPeer(Lease peer)
    {
        if (peer.Attributes.BackendType != VxlanBackend.TypeName)
            return $"its backend is '{peer.Attributes.BackendType}', ours is {VxlanBackend.TypeName}";
        bool isReachable = false;
        foreach (VxlanDataPath dataPath in _dataPaths)
        {
            VxlanPeer? known = VxlanPeer.From(peer, dataPath.Spec.Family, _config.Vni, out string? reason);
            if (reason is not null) return reason;
            if (known is null) continue;
            if (known.Mac.Equals(dataPath.Mac)) return $"it publishes the MAC {MacAddress.Format(known.Mac)}, which is our own";
            isReachable = true;
        }

        return isReachable ? null : "it has no subnet of an address family that this host runs";
    }

    public async Task StartAsync(Lease own, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        foreach (VxlanDataPath dataPath in _dataPaths)
        {
            var subnet = dataPath.Spec.Family == AddressFamily.InterNetworkV6 ? own.SubnetIPv6 : own.Subnet;
            if (subnet is null) throw new ArgumentException($"The lease {own.Key} has no subnet for {dataPath.Spec.Name}.", nameof(own));
            KernelRefusal.Translate(dataPath.Spec.Name, () => dataPath.Start(subnet.Value.BaseAddress, PublishStatus));
        }

        foreach (VxlanDataPath dataPath in _dataPaths) await dataPath.WaitForAddressAsync(cancellationToken).ConfigureAwait(false);
        PublishStatus();
    }

    public void SetPeers(IReadOnlyList<Lease> peers)
    {
        foreach (VxlanDataPath dataPath in _dataPaths) dataPath.SetPeers(peers);
        PublishStatus();
    }

    public void ChangePeers(IReadOnlyList<LeaseChange> changes)
    {
        foreach (VxlanDataPath dataPath in _dataPaths) dataPath.ChangePeers(changes);
        PublishStatus();
    }

    public IAsyncEnumerable<BackendStatus> WatchAsync(CancellationToken cancellationToken) => _status.WatchAsync(cancellationToken);

    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        foreach (VxlanDataPath dataPath in _dataPaths)
        {
            await dataPath.StopAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
            KernelRefusal.Translate(dataPath.Spec.Name, dataPath.Remove);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0) return;
        foreach (VxlanDataPath dataPath in _dataPaths) await dataPath.DisposeAsync().ConfigureAwait(false);
        _host.Dispose();
        _status.Complete();
    }

    private string? DataOf(AddressFamily family) =>
        _dataPaths.FirstOrDefault(dataPath => dataPath.Spec.Family == family) is { } found
            ? new VxlanLeaseData(_config.Vni, found.Mac).ToJson()
            : null;

    /// <summary>One at a time, so that an older status never replaces a newer one.</summary>
    private void PublishStatus()
    {
        lock (_publishing) _status.Publish(MergeStatus());
    }

    private BackendStatus MergeStatus() =>
        DataPathStatus.Merge([.. _dataPaths.Select(static dataPath => dataPath.Status)]) with { Attributes = Attributes };
}

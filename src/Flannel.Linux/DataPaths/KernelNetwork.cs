using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Runtime.Versioning;
using Flannel.Linux.DataPaths;
using Flannel.Linux.Diagnostics;

namespace Flannel.Extensibility;

/// <summary>
/// A running network of a backend whose packets the kernel carries: one data path per address family, each with the backend's mechanism. Once all of
/// them hold what was desired, what other backends left is removed.
/// </summary>
[SupportedOSPlatform("linux")]
[Experimental(ExperimentalApi.KernelBackends)]
public sealed partial class KernelNetwork : IBackendNetwork
{
    private readonly string _backend;
    private readonly NetworkConfig _config;
    private readonly HostKernel _host;
    private readonly KernelServices _services;
    private readonly IReadOnlyList<KernelDataPath> _dataPaths;
    private readonly SupervisedLoops _loops;
    private readonly Lock _publishing = new();
    private readonly LatestValue<BackendStatus> _status;
    private readonly NamespaceWatch _namespace;
    private int _isDisposed;

    private KernelNetwork(
        string backend, NetworkConfig config, HostKernel host, KernelServices services, IReadOnlyList<KernelDataPath> dataPaths)
    {
        (_backend, _config, _host, _services, _dataPaths) = (backend, config, host, services, dataPaths);
        _loops = new SupervisedLoops(services.Time, (exception, loop) => Log.LoopFailed(services.Logger, VisibleText.Of(exception), backend, loop));
        _namespace = new NamespaceWatch(host, services.Time);
        _status = new LatestValue<BackendStatus>(MergeStatus());
    }

    /// <inheritdoc />
    public LeaseAttributes Attributes => new()
    {
        PublicIP = Find(isIPv6: false)?.Family.PublicAddress,
        PublicIPv6 = Find(isIPv6: true)?.Family.PublicAddress,
        BackendType = _backend,
        BackendData = Find(isIPv6: false)?.LeaseData,
        BackendV6Data = Find(isIPv6: true)?.LeaseData,
    };

    /// <summary>The condition at the moment of the call; what is watched follows a moment later.</summary>
    public BackendStatus Status => MergeStatus();

    /// <summary>How many entries of the kernel have been written or removed so far.</summary>
    public long Writes => _dataPaths.Sum(static dataPath => dataPath.Writes);

    /// <summary>How many times the kernel was read and compared in full so far, over all address families.</summary>
    public long Resyncs => _dataPaths.Sum(static dataPath => dataPath.Resyncs);

    /// <summary>Creates a network with one data path per address family, and prepares them.</summary>
    /// <param name="backend">The backend's name in the network configuration and in leases.</param>
    /// <param name="context">The network and the host.</param>
    /// <param name="services">What the host application provides.</param>
    /// <param name="newMechanism">Makes the backend's mechanism for one family.</param>
    /// <typeparam name="TKey">What identifies an entry in the kernel.</typeparam>
    /// <typeparam name="TEntry">What an entry says.</typeparam>
    /// <exception cref="FlannelException">The host refuses; says what to do. What was opened is closed.</exception>
    public static async Task<KernelNetwork> CreateAsync<TKey, TEntry>(
        string backend, BackendContext context, KernelServices services, Func<KernelContext, KernelMechanism<TKey, TEntry>> newMechanism)
        where TKey : notnull
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(newMechanism);
        IReadOnlyList<NetworkFamily> families = NetworkFamily.From(context);
        var host = new HostKernel(context.NetworkNamespace);
        var dataPaths = new List<KernelDataPath>();
        try
        {
            foreach (NetworkFamily family in families)
            {
                var kernel = new KernelContext(family, host, services.Time, services.Logger);
                var random = new Random(services.Random.Next());
                dataPaths.Add(MechanismDataPath<TKey, TEntry>.Create(kernel, newMechanism, context, random));
            }

            foreach (KernelDataPath dataPath in dataPaths) dataPath.Prepare(); // once every family is known to be possible
            return new KernelNetwork(backend, context.Config, host, services, dataPaths);
        }
        catch
        {
            foreach (KernelDataPath dataPath in dataPaths) await dataPath.DisposeAsync().ConfigureAwait(false);
            host.Dispose();
            throw;
        }
    }

    /// <inheritdoc />
    public string? CheckPeer(Lease peer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        string type = peer.Attributes.BackendType ?? "";
        if (type != _backend) return $"its backend is '{VisibleText.Of(type, 80)}', ours is {_backend}";
        bool isReachable = false;
        foreach (KernelDataPath dataPath in _dataPaths)
        {
            if (dataPath.CheckPeer(peer, out bool hasSubnet) is { } reason) return reason;
            isReachable |= hasSubnet;
        }

        return isReachable ? null : "it has no subnet of an address family that this host runs";
    }

    /// <inheritdoc />
    public async Task StartAsync(Lease own, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(own);
        cancellationToken.ThrowIfCancellationRequested();
        foreach (KernelDataPath dataPath in _dataPaths)
        {
            IPNetwork subnet = (dataPath.Family.IsIPv6 ? own.SubnetIPv6 : own.Subnet)
                ?? throw new ArgumentException($"The lease {own.Key} has no subnet for {dataPath.Name}.", nameof(own));
            dataPath.Start(subnet, PublishStatus);
        }

        foreach (KernelDataPath dataPath in _dataPaths) await dataPath.WaitForAddressAsync(cancellationToken).ConfigureAwait(false);
        _loops.Start("clear leftovers", ClearLeftoversAsync);
        _loops.Start("watch the namespace", token => _namespace.RunAsync(OnNamespaceChanged, token));
        PublishStatus();
    }

    /// <inheritdoc />
    public void SetPeers(IReadOnlyList<Lease> peers)
    {
        ArgumentNullException.ThrowIfNull(peers);
        foreach (KernelDataPath dataPath in _dataPaths) dataPath.SetPeers(peers);
        PublishStatus();
    }

    /// <inheritdoc />
    public void ChangePeers(IReadOnlyList<LeaseChange> changes)
    {
        ArgumentNullException.ThrowIfNull(changes);
        foreach (KernelDataPath dataPath in _dataPaths) dataPath.ChangePeers(changes);
        PublishStatus();
    }

    /// <inheritdoc />
    public IAsyncEnumerable<BackendStatus> WatchAsync(CancellationToken cancellationToken) => _status.WatchAsync(cancellationToken);

    /// <inheritdoc />
    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        await _loops.StopAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        foreach (KernelDataPath dataPath in _dataPaths)
        {
            await dataPath.StopAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
            dataPath.Remove();
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0) return;
        await _loops.StopAsync().ConfigureAwait(false);
        foreach (KernelDataPath dataPath in _dataPaths) await dataPath.DisposeAsync().ConfigureAwait(false);
        _loops.Dispose();
        _host.Dispose();
        _status.Complete();
    }

    /// <summary>Before the first peers nobody converges, so the new data path carries what the old one did by the time that this goes on.</summary>
    private async Task ClearLeftoversAsync(CancellationToken cancellationToken)
    {
        await foreach (BackendStatus status in _status.WatchAsync(cancellationToken).ConfigureAwait(false))
        {
            if (status.IsConverged) break;
        }

        string[] kept = [.. _dataPaths.Select(static dataPath => dataPath.Device).OfType<string>()];
        new Leftovers([.. _dataPaths.Select(static dataPath => dataPath.Context)], _config).Clear(kept);
        await Task.Delay(Timeout.InfiniteTimeSpan, _services.Time, cancellationToken).ConfigureAwait(false);
    }

    private void OnNamespaceChanged()
    {
        if (_namespace.Problem is { } problem) Log.DataPathBroken(_services.Logger, _backend, problem);
        PublishStatus();
    }

    private KernelDataPath? Find(bool isIPv6) => _dataPaths.FirstOrDefault(dataPath => dataPath.Family.IsIPv6 == isIPv6);

    /// <summary>One at a time, so that an older status never replaces a newer one.</summary>
    private void PublishStatus()
    {
        lock (_publishing) _status.Publish(MergeStatus());
    }

    private BackendStatus MergeStatus()
    {
        BackendStatus status = DataPathStatus.Merge([.. _dataPaths.Select(static dataPath => dataPath.Status)]) with { Attributes = Attributes };
        return _namespace.Problem is { } problem ? status with { Problem = problem, IsConverged = false, IsUnusable = true } : status;
    }
}

using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Flannel.Backends.Udp.DataPath;
using Flannel.Backends.Udp.Diagnostics;
using Flannel.Backends.Udp.Packets;
using Flannel.Backends.Udp.Peers;
using Flannel.Backends.Udp.Tun;
using Flannel.Extensibility;
using Microsoft.Extensions.Logging;

namespace Flannel.Backends.Udp;

/// <summary>
/// A running UDP network: one data path at a time, and a loop that keeps it in order. Peers reach the data path by a new table; whatever breaks is
/// seen by the kernel's notifications or by the threads themselves, and is repaired or opened again.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed partial class UdpNetwork : IBackendNetwork
{
    private readonly UdpSpec _spec;
    private readonly NetworkConfig _config;
    private readonly ExternalInterface _externalInterface;
    private readonly TimeSpan _resyncInterval;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly HostKernel _host;
    private readonly IReadOnlyList<KernelContext> _contexts;
    private readonly MonitorLoop _monitor;
    private readonly NamespaceWatch _namespace;
    private readonly IReadOnlyList<TunnelGuard> _guards; // one per address family; they lock themselves
    private readonly TunSetup _setup;
    private readonly PeerTableCell _table = new();
    private readonly SupervisedLoops _loops;
    private readonly ReviewSignal _review;
    private readonly Lock _gate = new();
    private readonly PeerDirectory _peers; // guarded by _gate
    private readonly LatestValue<BackendStatus> _status;
    private readonly UdpMetrics _metrics;

    private volatile UdpDataPath? _dataPath; // changed by the review only, once it runs
    private DataPathSettings? _settings;
    private TunState? _state;
    private volatile bool _arePeersKnown;
    private volatile bool _isAnyPeerHidden; // a link takes its IPv4 routes along in silence, those that hide peers among them
    private bool _isCleared; // used by the review only
    private UdpOffloads _reported;
    private IReadOnlyList<IPAddress> _addresses = [];
    private OwnSubnets _own = new(null, null);
    private int _isDisposed;

    /// <summary>Opens the kernel; nothing is changed before <see cref="Prepare"/>.</summary>
    /// <param name="spec">What the network should be.</param>
    /// <param name="context">The network and the host.</param>
    /// <param name="services">What the host application provides.</param>
    /// <param name="meters">Makes the meter, if anybody measures.</param>
    public UdpNetwork(UdpSpec spec, BackendContext context, KernelServices services, IMeterFactory? meters)
    {
        (TimeProvider time, ILogger logger) = (services.Time, services.Logger);
        (_spec, _config, _externalInterface, _resyncInterval) = (spec, context.Config, context.ExternalInterface, context.ResyncInterval);
        (_time, _logger) = (time, logger);
        _loops = new SupervisedLoops(time, (exception, loop) => UdpBackend.Log.LoopFailed(logger, VisibleText.Of(exception), loop));
        _review = new ReviewSignal(ReviewDelay, time);
        (Sent, Received) = (new DirectionCounters(spec.Options.ThreadPairs), new DirectionCounters(spec.Options.ThreadPairs));
        _peers = new PeerDirectory(spec);
        _host = new HostKernel(context.NetworkNamespace);
        _contexts = [.. spec.Families.Select(family => new KernelContext(family, _host, time, logger))];
        _monitor = new MonitorLoop(_host, Groups, _contexts[0].Netlink);
        _namespace = new NamespaceWatch(_host, time);
        _setup = new TunSetup(spec, _contexts);
        var tunnel = new GuardedTunnel { Port = spec.Port };
        BackendContext guarded = context with { Guard = spec.Guard };
        // The threads count what they drop for all families together; one guard tells of it.
        _guards = [.. spec.Families.Select((family, index) => new TunnelGuard(
            index == 0 ? tunnel with { ReadDrops = ReadDrops } : tunnel, family, guarded, _host, time, logger))];
        _status = new LatestValue<BackendStatus>(
            new BackendStatus
            {
                Mtu = context.ExternalInterface.Mtu - spec.Overhead,
                ReadStatistics = FindStatistics,
                Guard = GuardStatus.Merge(_guards.Select(static guard => guard.Status)),
            });
        _metrics = new UdpMetrics(meters, context.NetworkName, this);
    }

    public LeaseAttributes Attributes => new()
    {
        PublicIP = _externalInterface.PublicIP,
        PublicIPv6 = _externalInterface.PublicIPv6,
        BackendV6Data = _spec.Find(AddressFamily.InterNetworkV6) is null ? null : new UdpLeaseData(_spec.Port).ToJson(),
    };

    public BackendStatus Status => _status.Value;

    /// <summary>What went out, over all data paths that there were.</summary>
    public DirectionCounters Sent { get; }

    /// <summary>What came in.</summary>
    public DirectionCounters Received { get; }

    /// <summary>The data path of the moment; <see langword="null"/> while there is none.</summary>
    public UdpDataPath? DataPath => _dataPath;

    /// <summary>Opens the port and the device, so that whatever stands in the way is known before a lease is published.</summary>
    /// <exception cref="FlannelException">The host refuses; says what to do.</exception>
    public void Prepare()
    {
        int mtu = Translate(() =>
        {
            foreach (KernelContext context in _contexts) context.External.Refresh();
            return _setup.ComputeMtu();
        });
        _dataPath = UdpDataPath.Open(_spec, _host, _review.Request);
        UdpBackend.Log.DeviceCreated(_logger, _dataPath.Device, _spec.ExternalName, _dataPath.Offloads.Current);
        Publish(status => status with { Mtu = mtu });
    }

    public string? CheckPeer(Lease peer)
    {
        lock (_gate) return _peers.Check(peer);
    }

    public Task StartAsync(Lease own, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _addresses = [.. _spec.Families.Select(family => AddressIn(own, family))];
        foreach (KernelContext context in _contexts) context.Routes.OwnSubnet = context.Family.IsIPv6 ? own.SubnetIPv6 : own.Subnet;
        _own = new OwnSubnets(own.Subnet, own.SubnetIPv6);
        foreach (TunnelGuard guard in _guards)
        {
            guard.Start((guard.Family.IsIPv6 ? own.SubnetIPv6 : own.Subnet)!.Value, PublishGuard);
            _loops.Start("guard", guard.RunAsync);
        }

        Translate(() =>
        {
            _monitor.Open(); // before anything is read, so that no change falls between the two
            StartDataPath(_dataPath!, mustHaveRoutes: true);
        });
        _loops.Start("monitor", token => _monitor.RunAsync(Take, token));
        _loops.Start("review", ReviewAsync);
        _loops.Start("watch the namespace", token => _namespace.RunAsync(_review.Request, token));
        Publish(static status => status with { IsConverged = true });
        return Task.CompletedTask;
    }

    public void SetPeers(IReadOnlyList<Lease> peers)
    {
        lock (_gate)
        {
            _peers.Replace(peers);
            AddRoutesOf(peers);
            ActivatePeers_NeedsLock();
        }

        _arePeersKnown = true;
        _review.Request();
    }

    public void ChangePeers(IReadOnlyList<LeaseChange> changes)
    {
        lock (_gate)
        {
            _peers.Change(changes);
            AddRoutesOf(changes.Select(static change => change.After).OfType<Lease>());
            ActivatePeers_NeedsLock();
        }

        _review.Request(); // a new peer's subnet may have a foreign route
    }

    /// <summary>What went to a peer and came from it.</summary>
    public PeerStatistics? FindStatistics(SubnetKey peer)
    {
        lock (_gate) return _peers.FindStatistics(peer);
    }

    /// <summary>What went to every peer and came from it.</summary>
    public IReadOnlyList<KeyValuePair<SubnetKey, PeerStatistics>> GetStatistics()
    {
        lock (_gate) return _peers.GetStatistics();
    }

    public IAsyncEnumerable<BackendStatus> WatchAsync(CancellationToken cancellationToken) => _status.WatchAsync(cancellationToken);

    /// <summary>The device goes with its descriptor, and everything else with the device.</summary>
    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        await _loops.StopAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        CloseDataPath();
        foreach (TunnelGuard guard in _guards) guard.Remove();
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0) return;
        await _loops.StopAsync().ConfigureAwait(false);
        Close();
    }

    /// <summary>Closes everything. The loops must not run.</summary>
    public void Close()
    {
        CloseDataPath();
        _monitor.Dispose(); // if the loop never ran
        foreach (TunnelGuard guard in _guards) guard.Dispose();
        foreach (KernelContext context in _contexts) context.Dispose();
        _host.Dispose();
        _loops.Dispose();
        _metrics.Dispose();
        _status.Complete();
    }

    private static IPAddress AddressIn(Lease own, NetworkFamily family) =>
        (family.IsIPv6 ? own.SubnetIPv6 : own.Subnet)?.BaseAddress
        ?? throw new ArgumentException($"The lease {own.Key} has no subnet in {family.Network}.", nameof(own));

    private void ActivatePeers_NeedsLock()
    {
        // Let in before packets can come, and out after none is sent any more.
        foreach (TunnelGuard guard in _guards)
        {
            guard.SetPeers(_peers.GetGuarded(guard.Family));
            guard.Admit();
        }

        _table.Current = _peers.BuildTable();
        foreach (TunnelGuard guard in _guards) guard.Expel();
        PublishProblems_NeedsLock();
    }

    private void PublishProblems_NeedsLock()
    {
        ImmutableDictionary<SubnetKey, string> before = Status.PeerProblems, problems = _peers.Problems;
        foreach ((SubnetKey peer, string problem) in problems)
        {
            if (!before.ContainsKey(peer)) UdpBackend.Log.PeerLimited(_logger, peer, problem);
        }

        Publish(status => status with { PeerProblems = problems });
    }

    private void StartDataPath(UdpDataPath dataPath, bool mustHaveRoutes)
    {
        _state = _setup.Apply(dataPath.Device, known: null, _addresses);
        if (mustHaveRoutes && _state.RouteRefusal is { } refusal) throw refusal;
        _settings = new DataPathSettings(_state.Mtu)
        {
            Address = AddressOf(AddressFamily.InterNetwork),
            AddressIPv6 = AddressOf(AddressFamily.InterNetworkV6),
            Own = _own,
            AcceptUnknownSenders = _spec.Options.AcceptUnknownSenders || _spec.Guard.AcceptUnknownSenders,
            AcceptForeignSources = _spec.AcceptsForeignSources,
            AcceptForeignDestinations = _spec.Options.AcceptForeignDestinations || _spec.Guard.AcceptForeignDestinations,
        };
        _reported = dataPath.Offloads.Current;
        ReadHostAddresses(_settings);
        dataPath.Start(_settings, _table, Sent, Received, _time);
        int mtu = _state.Mtu;
        Publish(status => status with { Mtu = mtu });
    }

    private void PublishGuard() => Publish(status => status with { Guard = GuardStatus.Merge(_guards.Select(static guard => guard.Status)) });

    private GuardDrops ReadDrops() => new(
        Received.DropsOf(PacketDrop.UnknownSender),
        Container: 0,
        Received.DropsOf(PacketDrop.ForeignSource),
        Received.DropsOf(PacketDrop.ForeignDestination));

    private IPAddress? AddressOf(AddressFamily family) => _addresses.FirstOrDefault(address => address.AddressFamily == family);

    private void CloseDataPath()
    {
        if (_dataPath is not { } dataPath) return;
        _dataPath = null;
        _state = null;
        dataPath.Dispose();
        UdpBackend.Log.DeviceClosed(_logger, dataPath.Device);
    }

    private void Publish(Func<BackendStatus, BackendStatus> change) => _status.Update(static (status, change) => change(status), change);

    private static T Translate<T>(Func<T> function) => KernelRefusal.Translate(
        "the TUN device", function, static (message, refusal) => new TunDeviceException(message, refusal, refusal.IsTransient));

    private static void Translate(Action action) => Translate(() =>
    {
        action();
        return true;
    });
}

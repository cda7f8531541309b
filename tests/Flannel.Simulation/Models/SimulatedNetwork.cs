using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Flannel.Extensibility;

namespace Flannel.Simulation.Models;

/// <summary>
/// One life of the data path. Loops, reconciler and back-offs are the product's; what they work on is <see cref="SimulatedKernel"/>.
/// </summary>
internal sealed class SimulatedNetwork : IBackendNetwork
{
    private const int Mtu = 1450;

    private readonly SimulatedHost _host;
    private readonly NodeLife _life;
    private readonly LeaseAttributes _addresses;
    private readonly Reconciler<KernelKey, string> _reconciler;
    private readonly SupervisedLoops _loops;
    private readonly LatestValue<BackendStatus> _status;

    public SimulatedNetwork(SimulatedHost host, NodeLife life, BackendContext context)
    {
        (_host, _life) = (host, life);
        _addresses = new LeaseAttributes { PublicIP = context.ExternalInterface.PublicIP, BackendType = SimulatedBackend.BackendName };
        Mac = host.Kernel.Mac ?? MacOf(context.PreviousAttributes) ?? host.NewMac();
        EnsureDevice();
        var options = new ReconcilerOptions { ResyncInterval = context.ResyncInterval, MaximumBackOff = TimeSpan.FromSeconds(5) };
        _reconciler = new Reconciler<KernelKey, string>(new KernelTarget(host, life, this), options, life.Clock, life.NewRandom());
        _loops = new SupervisedLoops(life.Clock, (error, loop) => life.Report($"the loop '{loop}' failed: {error}"));
        _status = new LatestValue<BackendStatus>(Status);
    }

    /// <summary>The hardware address that is published.</summary>
    public string Mac { get; private set; }

    public LeaseAttributes Attributes => _addresses with { BackendData = $$"""{"VtepMAC":"{{Mac}}"}""" };

    public BackendStatus Status
    {
        get
        {
            ReconcilerStatus<KernelKey>? status = _reconciler?.Status;
            return new BackendStatus
            {
                Mtu = Mtu,
                Attributes = Attributes,
                IsConverged = status is { IsConverged: true },
                Problem = status?.ReadError?.Message,
                PeerProblems = status?.PeerProblems ?? ImmutableDictionary<SubnetKey, string>.Empty,
            };
        }
    }

    public string? CheckPeer(Lease peer)
    {
        if (MacOf(peer.Attributes) is not { } mac) return "it has no hardware address";
        return (byte.Parse(mac[..2], NumberStyles.HexNumber, CultureInfo.InvariantCulture) & 1) != 0 ? "its hardware address is a multicast one"
            : mac == Mac ? "its hardware address is this node's" : null;
    }

    public Task StartAsync(Lease own, CancellationToken cancellationToken)
    {
        if (!_life.Process.IsDead) _host.Kernel.Listen(new KernelMonitor(_life.Process, Hear, _reconciler.RequestResync, _reconciler.RequestResync));
        _loops.Start("reconcile", _reconciler.RunAsync);
        _loops.Start("report", ReportAsync);
        return Task.CompletedTask;
    }

    public void SetPeers(IReadOnlyList<Lease> peers)
    {
        if (_life.PeersKnown == TimeSpan.MaxValue) _life.PeersKnown = _host.Now;
        _life.SessionStarted = _host.Now;
        _reconciler.Replace([.. peers.Select(EntriesOf)]);
        _status.Publish(Status);
    }

    public void ChangePeers(IReadOnlyList<LeaseChange> changes)
    {
        var removals = new HashSet<SubnetKey>();
        var upserts = new Dictionary<SubnetKey, Lease>();
        foreach (LeaseChange change in changes)
        {
            foreach (Lease lease in new[] { change.Before, change.After }.OfType<Lease>())
            {
                removals.Add(lease.Key);
                upserts.Remove(lease.Key);
            }

            if (change.After is { } after) upserts[after.Key] = after;
        }

        removals.ExceptWith(upserts.Keys);
        _reconciler.Change(removals, upserts.Values.Select(EntriesOf));
        _status.Publish(Status);
    }

    public IAsyncEnumerable<BackendStatus> WatchAsync(CancellationToken cancellationToken) => _status.WatchAsync(cancellationToken);

    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        await _loops.StopAsync().WaitAsync(cancellationToken);
        if (!_life.Process.IsDead) _host.Kernel.DeleteDevice();
    }

    public async ValueTask DisposeAsync()
    {
        await _loops.StopAsync();
        _loops.Dispose();
        if (!_life.Process.IsDead) _host.Kernel.Listen(null);
        _status.Complete();
    }

    /// <summary>
    /// Creates the device again if it is gone, and gives it its hardware address back; where somebody insists on another, that one is published.
    /// </summary>
    public void EnsureDevice()
    {
        SimulatedKernel kernel = _host.Kernel;
        if (_life.Process.IsDead) return;
        if (kernel.Mac is { } found && found != Mac && kernel.IsMacForced)
        {
            Mac = found;
            _status?.Publish(Status);
            return;
        }

        kernel.Mac = Mac;
    }

    private async Task ReportAsync(CancellationToken cancellationToken)
    {
        await foreach (ReconcilerStatus<KernelKey> _ in _reconciler.WatchAsync(cancellationToken)) _status.Publish(Status);
    }

    private void Hear(KernelKey key, string? value)
    {
        if (value is null) _reconciler.ObserveRemoval(key);
        else _reconciler.Observe(key, value);
    }

    private static PeerEntries<KernelKey, string> EntriesOf(Lease peer)
    {
        string mac = MacOf(peer.Attributes)!;
        return new PeerEntries<KernelKey, string>(peer.Key, peer.CreateRevision,
        [
            new(new KernelKey(KernelTable.Forwarding, mac), peer.Attributes.PublicIP!.ToString()),
            new(new KernelKey(KernelTable.Routes, peer.Subnet!.Value.ToString()), mac),
        ]);
    }

    private static string? MacOf(LeaseAttributes? attributes)
    {
        if (attributes?.BackendData is not { } data) return null;
        using var document = JsonDocument.Parse(data);
        return document.RootElement is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty("VtepMAC", out JsonElement mac)
            ? mac.GetString()
            : null;
    }
}

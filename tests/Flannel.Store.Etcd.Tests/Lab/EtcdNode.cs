using System.Net;
using Flannel.Extensibility;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Store.Etcd.Tests.Lab;

/// <summary>A node's policy over etcd, as an application registers it: it acquires a lease, and follows the others until it is disposed.</summary>
internal sealed class EtcdNode : IAsyncDisposable
{
    private static readonly TimeSpan WaitLimit = TimeSpan.FromSeconds(120);

    private readonly CancellationTokenSource _stop = new();
    private readonly ISubnetManager _manager;
    private readonly Dictionary<SubnetKey, Lease> _peers = [];
    private readonly List<SubnetEvent> _results = [];
    private readonly Lock _lock = new();
    private Task _following = Task.CompletedTask;

    private readonly ISubnetMembership _membership;

    private EtcdNode(ISubnetManager manager, LeaseRequest request, ISubnetMembership membership) =>
        (_manager, Request, _membership) = (manager, request, membership);

    public LeaseRequest Request { get; }

    /// <summary>The lease as acquired.</summary>
    public Lease Lease => _membership.Lease;

    /// <summary>The peers as they are now.</summary>
    public IReadOnlyList<Lease> Peers => Read(() => (Lease[])[.. _peers.Values]);

    /// <summary>Everything that the node was told so far.</summary>
    public IReadOnlyList<SubnetEvent> Results => Read(() => (SubnetEvent[])[.. _results]);

    /// <summary>The refused leases as they are now.</summary>
    public IReadOnlyList<QuarantinedLease> Quarantined => Results.OfType<QuarantineChanged>().LastOrDefault()?.Leases ?? [];

    /// <summary>How often this happened to its lease.</summary>
    public int Changes(OwnLeaseState state) => Results.OfType<OwnLeaseChanged>().Count(change => change.State == state);

    /// <summary>Reads the configuration and acquires a lease.</summary>
    public static async Task<EtcdNode> AcquireAsync(IServiceProvider provider, string name, string publicAddress, SubnetKey? previous = null)
    {
        ISubnetManager manager = provider.GetRequiredKeyedService<ISubnetManager>(name);
        ISubnetView view = await manager.OpenAsync(CancellationToken.None);
        NetworkConfig config = view.ReadConfig();
        var request = new LeaseRequest
        {
            Config = config,
            Attributes = new LeaseAttributes { PublicIP = IPAddress.Parse(publicAddress), BackendType = "vxlan" },
            PreviousSubnet = previous,
        };
        return new EtcdNode(manager, request, await view.AcquireAsync(request, CancellationToken.None));
    }

    /// <summary>Starts to keep the lease and to follow the others.</summary>
    public void Follow() => _following = FollowAsync();

    /// <summary>Waits until a condition holds for what the node knows.</summary>
    public Task UntilAsync(Func<EtcdNode, bool> condition, string what) =>
        Follower.UntilAsync(() => _following.IsFaulted || condition(this), $"{Lease.Key} to know {what}", WaitLimit);

    public Task ReleaseAsync() => _manager.ReleaseAsync(Lease, CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task FollowAsync()
    {
        await foreach (SubnetEvent result in _membership.WatchAsync(_stop.Token))
        {
            lock (_lock)
            {
                _results.Add(result);
                Apply(result);
            }
        }
    }

    private void Apply(SubnetEvent result)
    {
        if (result is LeaseSnapshot snapshot)
        {
            _peers.Clear();
            foreach (Lease peer in snapshot.Peers)
                _peers.Add(peer.Key, peer);
        }

        foreach (LeaseChange change in (result as LeaseChanges)?.Changes ?? [])
        {
            if (change.Before is { } before)
                _peers.Remove(before.Key);
            if (change.After is { } after)
                _peers.Add(after.Key, after);
        }
    }

    private T Read<T>(Func<T> read)
    {
        lock (_lock)
            return read();
    }
}

using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Flannel.Extensibility;

namespace Flannel.Testing.Backends;

/// <summary>A running network of <see cref="FakeBackend"/>: a set of peers and a list of calls.</summary>
public sealed class FakeBackendNetwork(string backend, BackendContext context) : IBackendNetwork
{
    private readonly ConcurrentDictionary<SubnetKey, Lease> _peers = new();
    private readonly ConcurrentQueue<string> _calls = new();
    private readonly LatestValue<BackendStatus> _status = new(new BackendStatus { Mtu = context.ExternalInterface.Mtu - 50 });

    public BackendContext Context { get; } = context;

    public IReadOnlyDictionary<SubnetKey, Lease> Peers => _peers;

    public IReadOnlyList<string> Calls => [.. _calls];

    /// <summary>Thrown by <see cref="StartAsync"/> if set.</summary>
    public Exception? StartError { get; init; }

    /// <summary>Whether removing, watching and closing hang, whatever becomes of their tokens.</summary>
    public bool IsStuck { get; set; }

    /// <summary>Refuses peers for which it returns a reason.</summary>
    public Func<Lease, string?> Rule { get; set; } = _ => null;

    public LeaseAttributes Attributes { get; set; } = new()
    {
        PublicIP = context.ExternalInterface.PublicIP,
        PublicIPv6 = context.ExternalInterface.PublicIPv6,
        BackendType = backend,
    };

    public BackendStatus Status => _status.Value;

    /// <summary>Replaces the status, as a data path would that notices something.</summary>
    public void Report(Func<BackendStatus, BackendStatus> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        _status.Update(static (status, change) => change(status), change);
    }

    public string? CheckPeer(Lease peer) => Rule(peer);

    public Task StartAsync(Lease own, CancellationToken cancellationToken)
    {
        _calls.Enqueue("start");
        return StartError is { } error ? Task.FromException(error) : Task.CompletedTask;
    }

    public void SetPeers(IReadOnlyList<Lease> peers)
    {
        ArgumentNullException.ThrowIfNull(peers);
        _calls.Enqueue($"set {peers.Count}");
        _peers.Clear();
        foreach (Lease peer in peers) _peers[peer.Key] = peer;
        Report(status => status with { IsConverged = true });
    }

    public void ChangePeers(IReadOnlyList<LeaseChange> changes)
    {
        ArgumentNullException.ThrowIfNull(changes);
        _calls.Enqueue($"change {changes.Count}");
        foreach (LeaseChange change in changes)
        {
            if (change.After is { } peer) _peers[peer.Key] = peer;
            else _peers.TryRemove(change.Before!.Key, out _);
        }
    }

    public async IAsyncEnumerable<BackendStatus> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using IAsyncEnumerator<BackendStatus> items = _status.WatchAsync(cancellationToken).GetAsyncEnumerator(CancellationToken.None);
        while (true)
        {
            try
            {
                if (!await items.MoveNextAsync()) yield break;
            }
            catch (OperationCanceledException)
            {
                await HangIfStuckAsync();
                throw;
            }

            yield return items.Current;
        }
    }

    public Task RemoveAsync(CancellationToken cancellationToken)
    {
        _calls.Enqueue("remove");
        return HangIfStuckAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _calls.Enqueue("dispose");
        _status.Complete();
        await HangIfStuckAsync();
    }

    private Task HangIfStuckAsync() => IsStuck ? new TaskCompletionSource().Task : Task.CompletedTask;
}

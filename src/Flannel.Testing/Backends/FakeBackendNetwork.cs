using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Flannel.Extensibility;

namespace Flannel.Testing;

/// <summary>A running network of a <see cref="FakeBackend"/>.</summary>
public sealed class FakeBackendNetwork : IBackendNetwork
{
    private const int Overhead = 50;

    private readonly FakeBackend _backend;
    private readonly ConcurrentDictionary<SubnetKey, Lease> _peers = new();
    private readonly ConcurrentQueue<string> _calls = new();
    private readonly LatestValue<BackendStatus> _status;

    internal FakeBackendNetwork(FakeBackend backend, BackendContext context)
    {
        _backend = backend;
        Context = context;
        _status = new LatestValue<BackendStatus>(new BackendStatus { Mtu = context.ExternalInterface.Mtu - Overhead });
        Attributes = new LeaseAttributes
        {
            PublicIP = context.ExternalInterface.PublicIP,
            PublicIPv6 = context.ExternalInterface.PublicIPv6,
            BackendType = backend.Name,
        };
    }

    /// <summary>What the network was created from.</summary>
    public BackendContext Context { get; }

    /// <summary>The peers that this network was told of, by subnet. What packets find is <see cref="FakeBackend.DataPath"/>.</summary>
    public IReadOnlyDictionary<SubnetKey, Lease> Peers => _peers;

    /// <summary>What was called, oldest first: <c>start</c>, <c>set 2</c>, <c>change 1</c>, <c>remove</c>, <c>dispose</c>.</summary>
    public IReadOnlyList<string> Calls => [.. _calls];

    /// <summary>Thrown by <see cref="StartAsync"/> if set.</summary>
    public Exception? StartError { get; init; }

    /// <summary>Whether removing, watching and closing hang, whatever becomes of their tokens.</summary>
    public bool IsStuck { get; set; }

    /// <summary>Refuses the peers for which it returns a reason; none by default.</summary>
    public Func<Lease, string?> Rule { get; set; } = static _ => null;

    /// <inheritdoc />
    public LeaseAttributes Attributes { get; set; }

    /// <inheritdoc />
    public BackendStatus Status => _status.Value;

    /// <summary>Replaces the status, as a data path does that notices something.</summary>
    /// <param name="change">Makes the new status from the current one.</param>
    public void Report(Func<BackendStatus, BackendStatus> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        _status.Update(static (status, change) => change(status), change);
    }

    /// <inheritdoc />
    public string? CheckPeer(Lease peer) => Rule(peer);

    /// <inheritdoc />
    public Task StartAsync(Lease own, CancellationToken cancellationToken)
    {
        _calls.Enqueue("start");
        return StartError is { } error ? Task.FromException(error) : Task.CompletedTask;
    }

    /// <inheritdoc />
    public void SetPeers(IReadOnlyList<Lease> peers)
    {
        ArgumentNullException.ThrowIfNull(peers);
        _calls.Enqueue($"set {peers.Count}");
        foreach (SubnetKey gone in _backend.Kernel.Keys.Except(peers.Select(static peer => peer.Key))) Remove(gone);
        foreach (Lease peer in peers) Put(peer);
        Report(static status => status with { IsConverged = true });
    }

    /// <inheritdoc />
    public void ChangePeers(IReadOnlyList<LeaseChange> changes)
    {
        ArgumentNullException.ThrowIfNull(changes);
        _calls.Enqueue($"change {changes.Count}");
        foreach (LeaseChange change in changes)
        {
            if (change.After is { } peer) Put(peer);
            else if (change.Before is { } gone) Remove(gone.Key);
        }
    }

    /// <inheritdoc />
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

    /// <inheritdoc />
    public Task RemoveAsync(CancellationToken cancellationToken)
    {
        _calls.Enqueue("remove");
        _backend.Kernel.Clear();
        return HangIfStuckAsync();
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        _calls.Enqueue("dispose");
        _status.Complete();
        await HangIfStuckAsync();
    }

    private void Put(Lease peer) => _peers[peer.Key] = _backend.Kernel[peer.Key] = peer;

    private void Remove(SubnetKey key)
    {
        _peers.TryRemove(key, out _);
        _backend.Kernel.TryRemove(key, out _);
    }

    private Task HangIfStuckAsync() => IsStuck ? new TaskCompletionSource().Task : Task.CompletedTask;
}

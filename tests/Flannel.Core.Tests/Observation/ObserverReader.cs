using System.Threading.Channels;

namespace Flannel.Core.Tests.Observation;

/// <summary>Reads an observer in the background, adds its items up, and hands them to a test one by one.</summary>
internal sealed class ObserverReader : IAsyncDisposable
{
    private static readonly TimeSpan WaitLimit = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<NetworkEvent> _items = Channel.CreateUnbounded<NetworkEvent>();
    private readonly Task _reading;

    public ObserverReader(IFlannelObserver observer) => _reading = ReadAsync(observer);

    /// <summary>The leases that the items read so far add up to.</summary>
    public Dictionary<string, StoredLease> Leases { get; } = [];

    /// <summary>The configuration that the items read so far add up to.</summary>
    public StoredNetworkConfig? Config { get; private set; }

    public bool HasBegun { get; private set; }

    public bool IsStoreAway { get; private set; }

    /// <summary>Whether something has come that was not read yet.</summary>
    public bool HasNext => _items.Reader.TryPeek(out _);

    public async Task<NetworkEvent> NextAsync()
    {
        using var limit = new CancellationTokenSource(WaitLimit);
        NetworkEvent item = await _items.Reader.ReadAsync(limit.Token);
        Note(item);
        return item;
    }

    public async Task<T> NextAsync<T>()
        where T : NetworkEvent => Assert.IsType<T>(await NextAsync());

    /// <summary>Takes in what has come.</summary>
    public void Drain()
    {
        while (_items.Reader.TryRead(out NetworkEvent? item)) Note(item);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _reading.WaitAsync(WaitLimit));
        _stop.Dispose();
    }

    private async Task ReadAsync(IFlannelObserver observer)
    {
        try
        {
            await foreach (NetworkEvent item in observer.WatchAsync(_stop.Token)) _items.Writer.TryWrite(item);
            throw new InvalidOperationException("The sequence ended by itself.");
        }
        catch (Exception error)
        {
            _items.Writer.TryComplete(error);
            throw;
        }
    }

    private void Note(NetworkEvent item)
    {
        switch (item)
        {
            case NetworkSnapshot snapshot:
                Assert.False(HasBegun, "a second snapshot came");
                HasBegun = true;
                Config = snapshot.Config;
                foreach (StoredLease lease in snapshot.Leases) Leases.Add(lease.Key, lease);
                break;
            case StoredLeaseChange change:
                Assert.True(HasBegun);
                Assert.NotEqual(change.Before, change.After);
                // Before is exactly what was told last.
                Assert.Equal(Leases.GetValueOrDefault(change.Key), change.Before);
                Assert.Equal(change.Before is null ? ChangeKind.Added : change.After is null ? ChangeKind.Removed : ChangeKind.Changed, change.Kind);
                if (change.After is { } after) Leases[change.Key] = after;
                else Leases.Remove(change.Key);
                break;
            case StoredConfigChange change:
                Assert.True(HasBegun);
                Assert.NotEqual(change.Before, change.After);
                Assert.Equal(Config, change.Before);
                Config = change.After;
                break;
            case StoreReachability reachability:
                Assert.True(IsStoreAway || reachability.Error is not null);
                IsStoreAway = reachability.Error is not null;
                break;
            default:
                throw new InvalidOperationException($"{item} is none of the set.");
        }
    }
}

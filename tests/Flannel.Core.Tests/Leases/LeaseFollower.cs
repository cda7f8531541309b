using System.Threading.Channels;
using Flannel.Extensibility;

namespace Flannel.Core.Tests.Leases;

/// <summary>Reads a manager's watch in the background and hands its results to a test one by one.</summary>
internal sealed class LeaseFollower : IAsyncDisposable
{
    private static readonly TimeSpan WaitLimit = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<SubnetEvent> _results = Channel.CreateUnbounded<SubnetEvent>();
    private readonly Task _reading;

    public LeaseFollower(ISubnetMembership membership)
    {
        Own = membership.Lease;
        _reading = ReadAsync(membership);
    }

    /// <summary>The own lease as last reported.</summary>
    public Lease Own { get; private set; }

    /// <summary>What the state of the own lease was last, or null if nothing was reported yet.</summary>
    public OwnLeaseState? State { get; private set; }

    /// <summary>The peers that the results read so far add up to.</summary>
    public Dictionary<string, Lease> Peers { get; } = [];

    /// <summary>The quarantine as last reported.</summary>
    public IReadOnlyList<QuarantinedLease> Quarantine { get; private set; } = [];

    /// <summary>Whether the store is away as last reported.</summary>
    public bool IsStoreAway { get; private set; }

    public async Task<T> NextAsync<T>()
        where T : SubnetEvent
    {
        SubnetEvent result = await NextAsync();
        return result as T ?? throw new InvalidOperationException($"Expected {typeof(T).Name}, got {Describe(result)}.");
    }

    public async Task<SubnetEvent> NextAsync()
    {
        using var limit = new CancellationTokenSource(WaitLimit);
        SubnetEvent result = await _results.Reader.ReadAsync(limit.Token);
        Note(result);
        return result;
    }

    /// <summary>Reads until a result satisfies the condition.</summary>
    public async Task<T> UntilAsync<T>(Func<T, bool>? condition = null)
        where T : SubnetEvent
    {
        while (true)
        {
            if (await NextAsync() is T result && condition?.Invoke(result) != false)
                return result;
        }
    }

    /// <summary>What has come and was not read yet.</summary>
    public IReadOnlyList<SubnetEvent> Pending()
    {
        var pending = new List<SubnetEvent>();
        while (_results.Reader.TryRead(out SubnetEvent? result))
        {
            Note(result);
            pending.Add(result);
        }

        return pending;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _reading.WaitAsync(WaitLimit));
        _stop.Dispose();
    }

    private static string Describe(SubnetEvent result) => result switch
    {
        OwnLeaseChanged own => $"{own.State} {own.Lease.Key} ({own.Error?.Message})",
        LeaseChanges changes => $"changes of {string.Join(", ", changes.Changes.Select(change => change.Before?.Key ?? change.After!.Key))}",
        QuarantineChanged quarantine => $"quarantine of {string.Join(", ", quarantine.Leases)}",
        _ => result.ToString(),
    };

    private async Task ReadAsync(ISubnetMembership membership)
    {
        try
        {
            await foreach (SubnetEvent result in membership.WatchAsync(_stop.Token))
                _results.Writer.TryWrite(result);
            throw new InvalidOperationException("The watch ended by itself.");
        }
        catch (Exception error)
        {
            _results.Writer.TryComplete(error);
            throw;
        }
    }

    private void Note(SubnetEvent result)
    {
        switch (result)
        {
            case OwnLeaseChanged own:
                (Own, State) = (own.Lease, own.State);
                break;
            case StoreAvailabilityChanged store:
                // A store may be away for another reason than before, but it comes back once.
                Assert.True(IsStoreAway || store.Error is not null);
                IsStoreAway = store.Error is not null;
                break;
            case QuarantineChanged quarantine:
                Quarantine = quarantine.Leases;
                break;
            case LeaseSnapshot snapshot:
                Peers.Clear();
                foreach (Lease peer in snapshot.Peers)
                    Peers.Add(peer.Key.ToString(), peer);
                break;
            case LeaseChanges changes:
                foreach (LeaseChange change in changes.Changes)
                {
                    Assert.NotEqual(change.Before?.Attributes, change.After?.Attributes);
                    if (change.Before is { } before)
                        Assert.True(Peers.Remove(before.Key.ToString()), $"{before.Key} changed or left but was never there.");
                    if (change.After is { } after)
                        Peers.Add(after.Key.ToString(), after);
                }

                break;
        }
    }
}

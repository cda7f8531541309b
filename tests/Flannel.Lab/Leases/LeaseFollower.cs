using System.Threading.Channels;
using Flannel.Extensibility;
using Xunit;

namespace Flannel.Lab.Leases;

/// <summary>Reads a membership's watch in the background and hands its results to a test one by one; checks what holds for every watch.</summary>
public sealed class LeaseFollower : IAsyncDisposable
{
    private static readonly TimeSpan WaitLimit = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<SubnetEvent> _results = Channel.CreateUnbounded<SubnetEvent>();
    private readonly Task _reading;
    private bool _isDisposed;

    public LeaseFollower(ISubnetMembership membership)
    {
        Own = membership.Lease;
        _reading = ReadAsync(membership);
    }

    /// <summary>The own lease as last reported.</summary>
    public Lease Own { get; private set; }

    /// <summary>What the state of the own lease was last, or null if nothing was reported yet.</summary>
    public OwnLeaseState? State => States.Count > 0 ? States[^1] : null;

    /// <summary>Every state of the own lease that was reported.</summary>
    public List<OwnLeaseState> States { get; } = [];

    /// <summary>The peers that the results read so far add up to.</summary>
    public Dictionary<string, Lease> Peers { get; } = [];

    /// <summary>The quarantine as last reported.</summary>
    public IReadOnlyList<QuarantinedLease> Quarantine { get; private set; } = [];

    /// <summary>Why the store is away as last reported, or null.</summary>
    public StoreException? StoreError { get; private set; }

    /// <summary>Whether the store is away as last reported.</summary>
    public bool IsStoreAway => StoreError is not null;

    /// <summary>Everything that was read.</summary>
    public List<SubnetEvent> Seen { get; } = [];

    /// <summary>The next result, which has to be of a kind.</summary>
    public async Task<T> NextAsync<T>()
        where T : SubnetEvent
    {
        SubnetEvent result = await NextAsync();
        return result as T ?? throw new InvalidOperationException($"Expected {typeof(T).Name}, got {Describe(result)}.");
    }

    /// <summary>The next result.</summary>
    public async Task<SubnetEvent> NextAsync()
    {
        using var limit = new CancellationTokenSource(WaitLimit);
        SubnetEvent result;
        try
        {
            result = await _results.Reader.ReadAsync(limit.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            throw new TimeoutException($"Nothing came. Seen: {string.Join(" | ", Seen.Select(Describe))}; peers {string.Join(", ", Peers.Keys)}");
        }

        Note(result);
        return result;
    }

    /// <summary>Reads until the state that the results add up to satisfies a condition.</summary>
    public async Task UntilAsync(Func<LeaseFollower, bool> condition)
    {
        while (!condition(this)) await NextAsync();
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
        int before = Seen.Count;
        while (_results.Reader.TryRead(out SubnetEvent? result)) Note(result);
        return Seen[before..];
    }

    public async ValueTask DisposeAsync()
    {
        if (_isDisposed) return;
        _isDisposed = true;
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
        Seen.Add(result);
        switch (result)
        {
            case OwnLeaseChanged own:
                Own = own.Lease;
                States.Add(own.State);
                break;
            case StoreAvailabilityChanged store:
                // A store may be away for another reason than before, but it comes back once.
                Assert.True(IsStoreAway || store.Error is not null);
                StoreError = store.Error;
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

using System.Threading.Channels;
using Flannel.Extensibility;

namespace Flannel.Store.Kubernetes.Tests.Lab;

/// <summary>Reads a membership's watch in the background, and hands its results to a test one by one.</summary>
internal sealed class Follower : IAsyncDisposable
{
    private static readonly TimeSpan WaitLimit = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<SubnetEvent> _results = Channel.CreateUnbounded<SubnetEvent>();
    private readonly Task _reading;
    private bool _isDisposed;

    public Follower(ISubnetMembership membership)
    {
        Own = membership.Lease;
        _reading = ReadAsync(membership);
    }

    public Lease Own { get; private set; }

    public List<OwnLeaseState> States { get; } = [];

    public Dictionary<string, Lease> Peers { get; } = [];

    public IReadOnlyList<QuarantinedLease> Quarantine { get; private set; } = [];

    public StoreException? StoreError { get; private set; }

    /// <summary>Everything that was read.</summary>
    public List<SubnetEvent> Seen { get; } = [];

    public async Task<SubnetEvent> NextAsync()
    {
        using var limit = new CancellationTokenSource(WaitLimit);
        SubnetEvent result;
        try
        {
            result = await _results.Reader.ReadAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"Nothing came. Seen: {string.Join(" | ", Seen)}; peers {string.Join(", ", Peers.Keys)}");
        }

        Note(result);
        return result;
    }

    /// <summary>Reads until the state that the results add up to satisfies a condition.</summary>
    public async Task UntilAsync(Func<Follower, bool> condition)
    {
        while (!condition(this))
            await NextAsync();
    }

    public async Task<T> UntilAsync<T>(Func<T, bool>? condition = null)
        where T : SubnetEvent
    {
        while (true)
        {
            if (await NextAsync() is T result && condition?.Invoke(result) != false)
                return result;
        }
    }

    public IReadOnlyList<SubnetEvent> Pending()
    {
        int before = Seen.Count;
        while (_results.Reader.TryRead(out SubnetEvent? result))
            Note(result);
        return Seen[before..];
    }

    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _reading.WaitAsync(WaitLimit));
        _stop.Dispose();
    }

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
                    if (change.Before is { } before)
                        Assert.True(Peers.Remove(before.Key.ToString()), $"{before.Key} changed or left but was never there.");
                    if (change.After is { } after)
                        Peers.Add(after.Key.ToString(), after);
                }

                break;
        }
    }
}

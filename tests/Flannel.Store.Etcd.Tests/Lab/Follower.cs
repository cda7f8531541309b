using System.Collections.Concurrent;
using Flannel.Extensibility;

namespace Flannel.Store.Etcd.Tests.Lab;

/// <summary>Watches as a node does: a watch that ends is opened again after the revision of its last item.</summary>
internal sealed class Follower : IAsyncDisposable
{
    private static readonly TimeSpan WaitLimit = TimeSpan.FromSeconds(60);

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _following;

    public Follower(ILeaseStore store, long revision)
    {
        Revision = revision;
        _following = FollowAsync(store);
    }

    public ConcurrentQueue<StoreEvent> Items { get; } = new();

    public ConcurrentQueue<StoreException> Errors { get; } = new();

    public long Revision { get; private set; }

    /// <summary>The mod revisions of puts, in the order of their coming.</summary>
    public IEnumerable<StoreChange> Changes => Items.OfType<StoreChanges>().SelectMany(item => item.Changes);

    /// <summary>Waits until a condition holds.</summary>
    public static async Task UntilAsync(Func<bool> condition, string what, TimeSpan? waitLimit = null)
    {
        using var limit = new CancellationTokenSource(waitLimit ?? WaitLimit);
        while (!condition())
        {
            Assert.False(limit.IsCancellationRequested, $"waited {waitLimit ?? WaitLimit} for {what}");
            await Task.Delay(20);
        }
    }

    public Task UntilRevisionAsync(long revision) =>
        UntilAsync(() => Revision >= revision, $"revision {revision}; the last one was {Revision}, the last error {Errors.LastOrDefault()}");

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task FollowAsync(ILeaseStore store)
    {
        while (true)
        {
            try
            {
                await foreach (StoreEvent item in store.WatchAsync(Revision, _stop.Token))
                {
                    Items.Enqueue(item);
                    Revision = item.Revision;
                }
            }
            catch (StoreException error)
            {
                Errors.Enqueue(error);
                await Task.Delay(100, _stop.Token);
            }
        }
    }
}

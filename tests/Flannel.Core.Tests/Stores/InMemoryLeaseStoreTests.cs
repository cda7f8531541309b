using System.Collections.Concurrent;
using Flannel.Extensibility;
using Flannel.Lab.Stores;
using Flannel.Testing;
using Xunit.Abstractions;

namespace Flannel.Core.Tests.Stores;

public sealed class InMemoryLeaseStoreTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Construct_FromAConfiguration_ServesItsDocument()
    {
        NetworkConfig config = NetworkConfig.Parse("""{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan"}}""", "test");
        var store = new InMemoryLeaseStore(config);

        Assert.Equal(config, await ReadAsync());
        store.SetConfig(config with { EnableNFTables = true });
        Assert.True((await ReadAsync()).EnableNFTables);

        async Task<NetworkConfig> ReadAsync() =>
            NetworkConfig.Parse((await store.ListAsync(null, CancellationToken.None)).Config!.Value.Span, "test");
    }

    [Fact]
    public async Task Watch_SlowerThanTheHistoryIsLong_GetsASnapshotInsteadOfMemory()
    {
        var store = new InMemoryLeaseStore((string?)null, historyLimit: 4);
        await using StoreWatch watch = StoreWatch.Open(store, 0);
        store.Put("a", new byte[] { 1 }, null);
        Assert.Equal("a", Assert.Single(await watch.NextChangesAsync(1)).Key);
        Assert.False(watch.HasNext);
        await using IAsyncEnumerator<StoreEvent> slow = store.WatchAsync(1, CancellationToken.None).GetAsyncEnumerator();

        for (int i = 0; i < 10; i++)
            store.Put($"key{i % 3}", new byte[] { (byte)i }, null);

        Assert.True(await slow.MoveNextAsync());
        var snapshot = Assert.IsType<StoreSnapshot>(slow.Current);
        Assert.Equal((11, 4), (snapshot.Revision, snapshot.Entries.Count));
    }

    [Fact]
    public async Task Watch_WhatWasMissed_ComesAsOneItem()
    {
        var store = new InMemoryLeaseStore((string?)null);
        for (int i = 0; i < 100; i++)
            store.Put($"key{i}", new byte[] { 1 }, null);

        await using StoreWatch watch = StoreWatch.Open(store, 0);

        Assert.Equal(100, Assert.IsType<StoreChanges>(await watch.NextAsync()).Changes.Count);
    }

    [Fact]
    public async Task Reserve_ExistingLease_NeverEnds()
    {
        var time = new FakeTimeProvider();
        var store = new InMemoryLeaseStore((string?)null, time);
        SubnetKey key = SubnetKey.Parse("10.5.1.0-24");
        var attributes = new LeaseAttributes { PublicIP = System.Net.IPAddress.Parse("192.168.0.1") };
        store.Put(key, attributes, TimeSpan.FromSeconds(1));

        StoredEntry reserved = store.Reserve(key, attributes);

        time.Advance(TimeSpan.FromDays(400));
        Assert.Equal((reserved, false), (Assert.Single((await store.ListAsync(null, CancellationToken.None)).Entries), reserved.HasTimeToLive));
        Assert.True(store.Delete("10.5.1.0-24"));
        Assert.False(store.Delete("10.5.1.0-24"));
    }

    [Fact]
    public async Task TimeToLive_ManyEntries_EndEachAtItsTime()
    {
        var time = new FakeTimeProvider();
        var store = new InMemoryLeaseStore((string?)null, time);
        var random = new Random(4);
        Dictionary<string, int> ends = Enumerable.Range(0, 500).ToDictionary(i => $"key{i}", _ => random.Next(1, 200));
        foreach ((string key, int seconds) in ends)
            store.Put(key, new byte[] { 1 }, TimeSpan.FromSeconds(seconds));

        for (int now = 1; now <= 200; now++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(
                ends.Where(pair => pair.Value > now).Select(pair => pair.Key).Order(),
                (await store.ListAsync(null, CancellationToken.None)).Entries.Select(entry => entry.Key).Order());
        }
    }

    [Fact]
    public async Task TimeToLive_LongerThanAnyTimer_IsKept()
    {
        var time = new FakeTimeProvider();
        var store = new InMemoryLeaseStore((string?)null, time);
        store.Put("key", new byte[] { 1 }, TimeSpan.FromDays(365));

        time.Advance(TimeSpan.FromDays(364));
        Assert.Single((await store.ListAsync(null, CancellationToken.None)).Entries);
        time.Advance(TimeSpan.FromDays(1));
        Assert.Empty((await store.ListAsync(null, CancellationToken.None)).Entries);
    }

    [Fact]
    public async Task TimeToLive_SystemClock_Passes()
    {
        var store = new InMemoryLeaseStore((string?)null);
        await using StoreWatch watch = StoreWatch.Open(store, 1);
        store.Put("key", new byte[] { 1 }, TimeSpan.FromMilliseconds(20));

        Assert.Null(Assert.Single(await watch.NextChangesAsync(1)).Entry);
    }

    [Fact]
    public async Task Watch_ThousandWatchersAndThousandWriters_EverybodySeesEverythingInOrder()
    {
        const int Count = 1000;
        var store = new InMemoryLeaseStore((string?)null);
        using var stop = new CancellationTokenSource(Limit);
        Task[] watchers = [.. Enumerable.Range(0, Count).Select(_ => Task.Run(async () =>
        {
            long expected = 1;
            await foreach (StoreEvent item in store.WatchAsync(0, stop.Token))
            {
                foreach (StoreChange change in Assert.IsType<StoreChanges>(item).Changes)
                    Assert.Equal(expected++, change.Entry!.ModRevision);
                if (item.Revision == Count)
                    return;
            }
        }))];

        long started = TimeProvider.System.GetTimestamp();
        await Task.WhenAll(
            Enumerable.Range(0, Count).Select(
                i => Task.Run(() => store.CreateAsync($"key{i}", new byte[] { 1 }, TimeSpan.FromHours(1), stop.Token))));
        await Task.WhenAll(watchers);

        output.WriteLine($"{Count} writes to {Count} watchers: {TimeProvider.System.GetElapsedTime(started).TotalMilliseconds:0} ms.");
    }

    [Fact]
    public async Task Watch_OneWatcher_IsToldQuickly()
    {
        var store = new InMemoryLeaseStore((string?)null);
        using var stop = new CancellationTokenSource(Limit);
        const int Rounds = 2000;
        var seen = new ConcurrentQueue<long>();
        using var next = new SemaphoreSlim(0);
        Task watcher = Task.Run(async () =>
        {
            await foreach (StoreEvent item in store.WatchAsync(0, stop.Token))
            {
                seen.Enqueue(TimeProvider.System.GetTimestamp());
                next.Release();
                if (item.Revision == Rounds)
                    return;
            }
        });
        var delays = new List<double>();
        for (int i = 0; i < Rounds; i++)
        {
            long started = TimeProvider.System.GetTimestamp();
            store.Put("key", new byte[] { 1 }, null);
            await next.WaitAsync(stop.Token);
            Assert.True(seen.TryDequeue(out long told));
            delays.Add(TimeProvider.System.GetElapsedTime(started, told).TotalMicroseconds);
        }

        await watcher;
        delays.Sort();
        output.WriteLine($"Write to watcher: p50 {delays[Rounds / 2]:0.0} us, p99 {delays[Rounds * 99 / 100]:0.0} us.");
    }

    [Fact]
    public void Put_WithoutAKeyOrTime_IsRefused()
    {
        var store = new InMemoryLeaseStore((string?)null);

        Assert.Throws<ArgumentException>(() => store.Put("", new byte[] { 1 }, null));
        Assert.Throws<ArgumentOutOfRangeException>(() => store.Put("key", new byte[] { 1 }, TimeSpan.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => new InMemoryLeaseStore((string?)null, historyLimit: 0));
    }

    [Fact]
    public void Forgotten_StoreWithArmedTimer_IsCollected()
    {
        WeakReference store = Forget();
        for (int i = 0; i < 10 && store.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.False(store.IsAlive);
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static WeakReference Forget()
    {
        var store = new InMemoryLeaseStore((string?)null);
        store.Put("key", new byte[] { 1 }, TimeSpan.FromHours(24));
        return new WeakReference(store);
    }
}

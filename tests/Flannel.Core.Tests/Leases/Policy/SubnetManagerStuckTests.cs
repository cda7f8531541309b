using System.Diagnostics.Metrics;
using Flannel.Core.Leases.Policy;
using Flannel.Extensibility;
using Flannel.Lab.Leases;
using Flannel.Lab.Stores;
using Flannel.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flannel.Core.Tests.Leases.Policy;

/// <summary>A store whose connections are stuck: nothing comes, nothing fails, nothing can be cancelled.</summary>
public sealed class SubnetManagerStuckTests : IAsyncLifetime
{
    private static readonly TimeSpan MaxSilence = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly FakeTimeProvider _time = new();
    private readonly InMemoryLeaseStore _memory = new(SubnetManagerLab.VxlanNetwork);
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly MeterListener _listener = new();
    private readonly List<LeaseFollower> _followers = [];
    private long _outages;
    private long _abandoned;

    public SubnetManagerStuckTests()
    {
        _listener.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument.Name is FlannelTelemetry.StoreOutages or FlannelTelemetry.StoreAbandoned) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            if (!tags.ToArray().Contains(new(FlannelTelemetry.NetworkTag, Name))) return;
            if (instrument.Name == FlannelTelemetry.StoreAbandoned) Interlocked.Add(ref _abandoned, value);
            else if (tags.ToArray().Contains(new(FlannelTelemetry.ReasonTag, "silent"))) Interlocked.Add(ref _outages, value);
        });
        _listener.Start();
    }

    public Task InitializeAsync() => Task.CompletedTask;

    private string Name { get; } = Guid.NewGuid().ToString();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Watch_SilentForTooLong_IsReplacedOnFreshConnections(bool blocks)
    {
        var store = new StuckLeaseStore(_memory, blocks) { MaxSilence = MaxSilence };
        store.Affects = operation => operation == StoreOperation.Watch;
        LeaseFollower follower = await StartAsync(store);
        store.IsStuck = true;
        Put("10.5.2.0-24", 2);
        await _time.WaitForTimerAsync(MaxSilence);

        _time.Advance(MaxSilence);
        var away = await follower.UntilAsync<StoreAvailabilityChanged>();
        store.IsStuck = false;
        await AdvanceUntilAsync(() => store.Watches == 2);

        Assert.Contains("no sign of life for 20 s", away.Error!.Message, StringComparison.Ordinal);
        Assert.True(away.Error.IsTransient);
        Assert.Null((await follower.UntilAsync<StoreAvailabilityChanged>()).Error);
        Assert.Equal("10.5.2.0-24", Assert.Single((await follower.UntilAsync<LeaseChanges>()).Changes).After!.Key.ToString());
        Put("10.5.3.0-24", 3);
        await follower.UntilAsync<LeaseChanges>(changes => changes.Changes.Any(change => change.After?.Key.ToString() == "10.5.3.0-24"));
        Assert.Equal(1, store.Resets);
        Assert.Equal(1, Interlocked.Read(ref _outages));
        await AdvanceUntilAsync(() => Interlocked.Read(ref _abandoned) > 0);
    }

    [Fact]
    public async Task Watch_SignsOfLife_KeepItOpen()
    {
        var store = new StuckLeaseStore(_memory) { MaxSilence = MaxSilence };
        LeaseFollower follower = await StartAsync(store);
        await _time.WaitForTimerAsync(MaxSilence);

        for (int i = 2; i < 8; i++)
        {
            _time.Advance(MaxSilence / 2);
            Put($"10.5.{i}.0-24", i);
            await follower.UntilAsync<LeaseChanges>();
        }

        Assert.Equal(1, store.Watches);
        Assert.False(follower.IsStoreAway);
    }

    [Fact]
    public async Task Watch_NothingButRenewingWorks_KeepsTheLease()
    {
        var store = new StuckLeaseStore(_memory) { MaxSilence = MaxSilence };
        store.Affects = operation => operation is StoreOperation.Watch or StoreOperation.List;
        LeaseFollower follower = await StartAsync(store, new SubnetManagerOptions { TimeToLive = TimeSpan.FromSeconds(40) });
        store.IsStuck = true;

        for (int renewals = 0; renewals < 5; renewals++)
        {
            Task<OwnLeaseChanged> renewed = follower.UntilAsync<OwnLeaseChanged>();
            await AdvanceUntilAsync(() => renewed.IsCompleted);
            // Never later than its end, which would be told as Overdue first.
            Assert.Equal(OwnLeaseState.Renewed, (await renewed).State);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Watch_EverythingStuck_EndsWhenCancelled(bool blocks)
    {
        using var store = new StuckLeaseStore(_memory, blocks);
        var manager = new SubnetManager(store, new SubnetManagerOptions(), TimeProvider.System, new Random(1), NullLogger<SubnetManager>.Instance);
        ISubnetMembership membership = await (await manager.OpenAsync(CancellationToken.None)).AcquireAsync(Request(), CancellationToken.None);
        using var stop = new CancellationTokenSource();
        Task watching = Task.Run(async () =>
        {
            await foreach (SubnetEvent result in membership.WatchAsync(stop.Token))
            {
                if (result is not LeaseSnapshot) continue;
                store.IsStuck = true;
                await stop.CancelAsync();
            }
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => watching.WaitAsync(Limit));
    }

    [Fact]
    public async Task Watch_NotRenewedBeforeTheEnd_SaysThatTheLeaseMayBeLostAndTakesItBack()
    {
        var store = new StuckLeaseStore(_memory);
        var faulty = new FaultyLeaseStore(store);
        LeaseFollower follower = await StartAsync(faulty, new SubnetManagerOptions { TimeToLive = TimeSpan.FromSeconds(20) });
        faulty.Away = FaultyLeaseStore.NoAnswer;

        Task<OwnLeaseChanged> overdue = follower.UntilAsync<OwnLeaseChanged>();
        await AdvanceUntilAsync(() => overdue.IsCompleted);

        Assert.Equal(OwnLeaseState.Overdue, (await overdue).State);
        Assert.Contains("may be lost", (await overdue).Error!.Message, StringComparison.Ordinal);
        Assert.True((await overdue).Error!.IsTransient);
        Assert.True(_time.Elapsed >= TimeSpan.FromSeconds(20));
        faulty.Away = null;
        Task<OwnLeaseChanged> renewed = follower.UntilAsync<OwnLeaseChanged>();
        await AdvanceUntilAsync(() => renewed.IsCompleted);
        Assert.Equal((OwnLeaseState.Renewed, null), ((await renewed).State, (await renewed).Error));
    }

    [Fact]
    public async Task Watch_AwayForAnotherReason_TellsTheNewest()
    {
        var faulty = new FaultyLeaseStore(_memory);
        LeaseFollower follower = await StartAsync(faulty);
        faulty.Away = new StoreException("Connection refused", isTransient: true);
        Assert.Equal("Connection refused", (await follower.UntilAsync<StoreAvailabilityChanged>()).Error!.Message);

        faulty.Away = new StoreException("It has no leader", isTransient: true);
        Task<StoreAvailabilityChanged> other = follower.UntilAsync<StoreAvailabilityChanged>();
        await AdvanceUntilAsync(() => other.IsCompleted);

        Assert.Equal("It has no leader", (await other).Error!.Message);
    }

    public async Task DisposeAsync()
    {
        // What is stuck is abandoned after a moment of the nodes' clock.
        Task stopping = Task.WhenAll(_followers.Select(follower => follower.DisposeAsync().AsTask()));
        await AdvanceUntilAsync(() => stopping.IsCompleted);
        await stopping;
        _listener.Dispose();
        _services.Dispose();
    }

    private static LeaseRequest Request() => new SubnetManagerLab().Request(1);

    private async Task<LeaseFollower> StartAsync(ILeaseStore store, SubnetManagerOptions? options = null)
    {
        var manager = new SubnetManager(
            store, options ?? new SubnetManagerOptions(), _time, new Random(1), NullLogger<SubnetManager>.Instance,
            _services.GetRequiredService<IMeterFactory>(), Name);
        var follower = new LeaseFollower(await (await manager.OpenAsync(CancellationToken.None)).AcquireAsync(Request(), CancellationToken.None));
        _followers.Add(follower);
        await follower.UntilAsync<LeaseSnapshot>();
        if (store is StuckLeaseStore { IsStuck: false } stuck) await stuck.Watched.WaitAsync(Limit);
        return follower;
    }

    private void Put(string key, int host) =>
        _memory.Put(SubnetKey.Parse(key), SubnetManagerLab.Attributes(host), TimeSpan.FromDays(10));

    /// <summary>Lets timers fire one after the other; whoever is woken gets the time to arm the next one.</summary>
    private async Task AdvanceUntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!condition())
        {
            if (_time.ArmedTimers is [var left, ..] && left <= TimeSpan.FromMinutes(1))
            {
                long armings = _time.Armings;
                _time.Advance(left);
                for (int i = 0; i < 100 && _time.Armings == armings && !condition(); i++) await Task.Delay(5, limit.Token);
            }

            await Task.Delay(1, limit.Token);
        }
    }
}

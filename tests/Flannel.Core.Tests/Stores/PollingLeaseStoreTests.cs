using System.Text;
using Flannel.Extensibility;
using Flannel.Lab.Stores;
using Flannel.Testing;

namespace Flannel.Core.Tests.Stores;

/// <summary>What is the base class's own, beside the contract that every store keeps.</summary>
public sealed class PollingLeaseStoreTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private readonly FakeTimeProvider _time = new();
    private readonly Table _table = new();
    private readonly TableLeaseStore _store;

    public PollingLeaseStoreTests() => _store = new TableLeaseStore(_table, TimeSpan.FromSeconds(5), _time);

    [Fact]
    public async Task Watch_NothingNew_ShowsWithEveryPollThatItIsAlive()
    {
        await using StoreWatch watch = StoreWatch.Open(_store, 0);
        for (int poll = 0; poll < 3; poll++)
        {
            Assert.Empty(Assert.IsType<StoreChanges>(await watch.NextAsync()).Changes);
            await _time.WaitForTimerAsync(TimeSpan.FromSeconds(5));
            Assert.False(watch.HasNext);
            _time.Advance(TimeSpan.FromSeconds(5));
        }

        Assert.True(_store.MaxSilence > _store.PollInterval);
    }

    [Fact]
    public async Task Watch_AnotherInstanceWrites_IsSeenByTheNextPoll()
    {
        await using StoreWatch watch = StoreWatch.Open(_store, 0);
        await watch.NextAsync();
        await new TableLeaseStore(_table, null, _time).CreateAsync("10.5.1.0-24", default, Hour, CancellationToken.None);
        await _time.WaitForTimerAsync(TimeSpan.FromSeconds(5));
        Assert.False(watch.HasNext);

        _time.Advance(TimeSpan.FromSeconds(5));

        Assert.Single(Assert.IsType<StoreSnapshot>(await watch.NextAsync()).Entries);
    }

    [Fact]
    public async Task Watch_StoreThatWentBack_FailsSoThatItIsListedAgain()
    {
        await CreateAsync();
        await using IAsyncEnumerator<StoreEvent> items = _store.WatchAsync(1, CancellationToken.None).GetAsyncEnumerator();
        await items.MoveNextAsync();
        Task<bool> next = items.MoveNextAsync().AsTask();
        _table.Revision = 0;
        await _time.AdvanceToNextTimerAsync();

        StoreException error = await Assert.ThrowsAsync<StoreException>(() => next);

        Assert.True(error.IsTransient);
        Assert.Contains("revision 1 to 0", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Failure_OfAnyKind_IsATransientStoreException()
    {
        _store.ReadError = new InvalidOperationException("The connection is closed.");
        foreach (Func<Task> call in new Func<Task>[] { ListAsync, CreateAsync })
        {
            StoreException error = await Assert.ThrowsAsync<StoreException>(call);
            Assert.True(error.IsTransient);
            Assert.Equal("the table: The connection is closed.", error.Message);
        }

        _store.ReadError = new OperationCanceledException("It took too long."); // nobody cancelled
        Assert.True((await Assert.ThrowsAsync<StoreException>(ListAsync)).IsTransient);
        _store.ReadError = new StoreException("It is damaged.", isTransient: false);
        Assert.Same(_store.ReadError, await Assert.ThrowsAsync<StoreException>(ListAsync));

        Task ListAsync() => _store.ListAsync(null, CancellationToken.None);
    }

    [Fact]
    public async Task Expiry_RenewedBetweenReadAndDeletion_LeavesTheEntry()
    {
        StoredEntry entry = await CreateAsync();
        _time.Advance(Hour);
        var other = new TableLeaseStore(_table, null, new FakeTimeProvider()); // its holder's clock is an hour late
        _table.BeforeWrite = _ =>
        {
            _table.BeforeWrite = static _ => { };
            Assert.True(other.RenewAsync(entry, 3 * Hour, CancellationToken.None).Result.Succeeded);
        };

        StoreSnapshot snapshot = await _store.ListAsync(null, CancellationToken.None);

        Assert.Equal(2, Assert.Single(snapshot.Entries).ModRevision);
    }

    [Fact]
    public async Task Expiry_SeveralReaders_DeleteOnce()
    {
        await CreateAsync();
        _time.Advance(Hour);
        ILeaseStore[] readers = [.. Enumerable.Range(0, 4).Select(_ => new TableLeaseStore(_table, null, _time))];

        StoreSnapshot[] snapshots = await Task.WhenAll(
            readers.Select(static reader => Task.Run(() => reader.ListAsync(null, CancellationToken.None))));

        Assert.All(snapshots, static snapshot => Assert.Equal((0, 2L), (snapshot.Entries.Count, snapshot.Revision)));
        Assert.Equal(2, _table.Writes);
    }

    [Fact]
    public async Task Expiry_ThatCannotBeDeleted_EndsByAnError()
    {
        await CreateAsync();
        _time.Advance(Hour);
        _store.RefusesWrites = true;

        StoreException error = await Assert.ThrowsAsync<StoreException>(() => _store.ListAsync(null, CancellationToken.None));

        Assert.True(error.IsTransient);
    }

    [Fact]
    public async Task Write_ConditionThatNeverHolds_EndsByAnError()
    {
        _store.RefusesWrites = true;
        StoreException error = await Assert.ThrowsAsync<StoreException>(CreateAsync);
        Assert.Contains("10.5.1.0-24", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SetConfig_ReplacedAndRemoved_IsListed()
    {
        await _store.SetConfigAsync(null, CancellationToken.None);
        Assert.Equal(0, _table.Writes);
        await _store.SetConfigAsync("first", CancellationToken.None);
        await _store.SetConfigAsync("second", CancellationToken.None);
        StoreSnapshot snapshot = await _store.ListAsync(null, CancellationToken.None);
        Assert.Equal(("second", 2L, 0), (Encoding.UTF8.GetString(snapshot.Config!.Value.Span), snapshot.Revision, snapshot.Entries.Count));
        await _store.SetConfigAsync(null, CancellationToken.None);
        Assert.Null((await _store.ListAsync(null, CancellationToken.None)).Config);
    }

    [Theory]
    [InlineData(9)]
    [InlineData(600_001)]
    public void PollInterval_OutOfRange_IsRefused(int milliseconds) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new TableLeaseStore(_table, TimeSpan.FromMilliseconds(milliseconds)));

    [Fact]
    public async Task BadArguments_AreRefusedAsByEveryStore()
    {
        StoredEntry entry = await CreateAsync();
        await Assert.ThrowsAsync<ArgumentException>(() => _store.CreateAsync("", default, null, CancellationToken.None));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => _store.CreateAsync("k", default, TimeSpan.Zero, CancellationToken.None));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => _store.UpdateAsync(entry, default, TimeSpan.Zero, CancellationToken.None));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => _store.RenewAsync(entry, -Hour, CancellationToken.None));
        Assert.Equal(1, _table.Revision);
    }

    private async Task<StoredEntry> CreateAsync() =>
        (await _store.CreateAsync("10.5.1.0-24", Encoding.UTF8.GetBytes("{}"), Hour, CancellationToken.None)).Entry!;
}

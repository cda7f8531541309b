using Flannel.Core.Tests.Administration;
using Flannel.Lab.Stores;
using Flannel.Testing;

namespace Flannel.Core.Tests.Observation;

public sealed class ObserverTests
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    [Fact]
    public async Task Watch_FromTheStart_ShowsEverythingAndThenEachDifference()
    {
        await using var lab = new AdministrationLab();
        lab.Put("10.5.1.0-24", AdministrationLab.Vxlan("192.168.0.1"), Day);
        lab.PutText("stray", "{}");
        await using var reader = new ObserverReader(lab.Observer);

        NetworkSnapshot snapshot = await reader.NextAsync<NetworkSnapshot>();
        Assert.Equal(["10.5.1.0-24", "stray"], snapshot.Leases.Select(lease => lease.Key));
        Assert.Equal((await lab.Administration.GetConfigAsync(), lab.Memory.Revision), (snapshot.Config, snapshot.Revision));

        lab.Put("10.5.2.0-24", AdministrationLab.Host("192.168.0.2"), null);
        StoredLeaseChange added = await reader.NextAsync<StoredLeaseChange>();
        Assert.Equal((ChangeKind.Added, "10.5.2.0-24", null, true), (added.Kind, added.Key, added.Before, added.After!.IsReservation));

        lab.Put("10.5.2.0-24", AdministrationLab.Vxlan("192.168.0.2"), Day);
        StoredLeaseChange changed = await reader.NextAsync<StoredLeaseChange>();
        Assert.Equal((ChangeKind.Changed, added.After, false), (changed.Kind, changed.Before, changed.After!.IsReservation));

        lab.Memory.Delete("10.5.2.0-24");
        StoredLeaseChange removed = await reader.NextAsync<StoredLeaseChange>();
        Assert.Equal((ChangeKind.Removed, changed.After, null), (removed.Kind, removed.Before, removed.After));
    }

    [Fact]
    public async Task Watch_ConfigurationChanges_IsToldTogetherWithTheLeasesThatItTouches()
    {
        await using var lab = new AdministrationLab();
        lab.Put("10.5.1.0-24", AdministrationLab.Vxlan("192.168.0.1"), Day);
        await using var reader = new ObserverReader(lab.Observer);
        await reader.NextAsync<NetworkSnapshot>();

        lab.Memory.SetConfig("""{"Network":"10.6.0.0/16","Backend":{"Type":"vxlan"}}""");
        StoredConfigChange change = await reader.NextAsync<StoredConfigChange>();
        StoredLeaseChange lease = await reader.NextAsync<StoredLeaseChange>();

        Assert.Equal((ChangeKind.Changed, lab.Memory.Revision), (change.Kind, change.After!.Revision));
        Assert.Contains("outside the network", lease.After!.Refusal, StringComparison.Ordinal);

        lab.Memory.SetConfig("{}");
        Assert.NotNull((await reader.NextAsync<StoredConfigChange>()).After!.Error);
        Assert.Null((await reader.NextAsync<StoredLeaseChange>()).After!.Refusal);
        lab.Memory.SetConfig((string?)null);
        Assert.Equal(ChangeKind.Removed, (await reader.NextAsync<StoredConfigChange>()).Kind);
        lab.Memory.SetConfig(AdministrationLab.Network);
        Assert.Equal(ChangeKind.Added, (await reader.NextAsync<StoredConfigChange>()).Kind);
        Assert.False(reader.HasNext);
    }

    [Fact]
    public async Task Watch_OlderOfTwoOverlappingLeasesGoes_TheYoungerIsTold()
    {
        await using var lab = new AdministrationLab();
        lab.Put("10.5.1.0-24", AdministrationLab.Vxlan("192.168.0.1"), Day);
        lab.Put("10.5.1.0-25", AdministrationLab.Vxlan("192.168.0.2"), Day);
        await using var reader = new ObserverReader(lab.Observer);
        await reader.NextAsync<NetworkSnapshot>();
        Assert.NotNull(reader.Leases["10.5.1.0-25"].Refusal);

        lab.Memory.Delete("10.5.1.0-24");
        StoredLeaseChange removed = await reader.NextAsync<StoredLeaseChange>();
        StoredLeaseChange freed = await reader.NextAsync<StoredLeaseChange>();

        Assert.Equal((ChangeKind.Removed, "10.5.1.0-24"), (removed.Kind, removed.Key));
        Assert.Equal((ChangeKind.Changed, "10.5.1.0-25", null), (freed.Kind, freed.Key, freed.After!.Refusal));
    }

    [Fact]
    public async Task Watch_StoreAwayFromTheStart_IsToldAndWaitedFor()
    {
        await using var lab = new AdministrationLab();
        lab.Store.Away = FaultyLeaseStore.NoAnswer;
        await using var reader = new ObserverReader(lab.Observer);

        Assert.NotNull((await reader.NextAsync<StoreReachability>()).Error);
        lab.Store.Away = null;
        await lab.Time.AdvanceToNextTimerAsync();

        Assert.Null((await reader.NextAsync<StoreReachability>()).Error);
        await reader.NextAsync<NetworkSnapshot>();
    }

    [Fact]
    public async Task Watch_StoreAwayInBetween_TellsOnceAndCatchesUp()
    {
        await using var lab = new AdministrationLab();
        lab.Put("10.5.1.0-24", AdministrationLab.Vxlan("192.168.0.1"), TimeSpan.FromDays(10));
        await using var reader = new ObserverReader(lab.Observer);
        await reader.NextAsync<NetworkSnapshot>();

        lab.Store.Away = FaultyLeaseStore.NoAnswer;
        await reader.NextAsync<StoreReachability>();
        for (int listings = Listings(); Listings() < listings + 3; await Task.Delay(1))
        {
            if (lab.Time.ArmedTimers is [var left, ..] && left <= TimeSpan.FromSeconds(10)) lab.Time.Advance(left);
        }

        lab.Memory.Delete("10.5.1.0-24");
        lab.Put("10.5.2.0-24", AdministrationLab.Vxlan("192.168.0.2"), Day);
        lab.Memory.SetConfig("""{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan"},"x":1}""");
        lab.Memory.Compact(lab.Memory.Revision);
        Assert.False(reader.HasNext);
        lab.Store.Away = null;
        await lab.Time.WaitForTimerWithinAsync(TimeSpan.FromSeconds(10));
        lab.Time.Advance(TimeSpan.FromSeconds(10));

        Assert.Null((await reader.NextAsync<StoreReachability>()).Error);
        await reader.NextAsync<StoredConfigChange>();
        Assert.Equal(ChangeKind.Removed, (await reader.NextAsync<StoredLeaseChange>()).Kind);
        Assert.Equal(ChangeKind.Added, (await reader.NextAsync<StoredLeaseChange>()).Kind);
        Assert.False(reader.HasNext);

        int Listings() => lab.Store.Calls.Count(static call => call.Operation == StoreOperation.List);
    }

    [Fact]
    public async Task Watch_SilentForTooLong_IsOpenedOnFreshConnections()
    {
        await using var lab = new AdministrationLab();
        lab.Store.MaxSilence = TimeSpan.FromSeconds(30);
        await using var reader = new ObserverReader(lab.Observer);
        await reader.NextAsync<NetworkSnapshot>();

        await lab.Time.WaitForTimerWithinAsync(TimeSpan.FromSeconds(30));
        lab.Time.Advance(TimeSpan.FromSeconds(30));
        StoreReachability away = await reader.NextAsync<StoreReachability>();
        await lab.Time.WaitForTimerWithinAsync(TimeSpan.FromSeconds(5));
        lab.Time.Advance(TimeSpan.FromSeconds(5));

        Assert.Contains("no sign of life", away.Error!.Message, StringComparison.Ordinal);
        Assert.Null((await reader.NextAsync<StoreReachability>()).Error);
        Assert.Equal(1, lab.Store.Resets);
    }

    [Fact]
    public async Task Watch_StoreRestoredFromABackup_ArrivesThere()
    {
        await using var lab = new AdministrationLab();
        lab.Put("10.5.1.0-24", AdministrationLab.Vxlan("192.168.0.1"), Day);
        lab.Put("10.5.2.0-24", AdministrationLab.Vxlan("192.168.0.2"), Day);
        await using var reader = new ObserverReader(lab.Observer);
        await reader.NextAsync<NetworkSnapshot>();
        var older = new InMemoryLeaseStore(AdministrationLab.Network);
        older.Put(SubnetKey.Parse("10.5.1.0-24"), AdministrationLab.Vxlan("192.168.0.9"), Day);

        lab.Store.Inner = older;
        lab.Store.BreakWatches();
        Assert.NotNull((await reader.NextAsync<StoreReachability>()).Error);
        await lab.Time.WaitForTimerWithinAsync(TimeSpan.FromSeconds(5));
        lab.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Null((await reader.NextAsync<StoreReachability>()).Error);

        Assert.Equal("10.5.2.0-24", (await reader.NextAsync<StoredLeaseChange>()).Before!.Key);
        Assert.Equal("192.168.0.9", (await reader.NextAsync<StoredLeaseChange>()).After!.Attributes!.PublicIP!.ToString());
    }

    /// <summary>Restored between a listing and the watch from there, at the very revision that was listed: only the store's identity tells.</summary>
    [Fact]
    public async Task Watch_StoreRestoredBetweenListingAndWatch_ArrivesThere()
    {
        await using var lab = new AdministrationLab();
        lab.Put("10.5.1.0-24", AdministrationLab.Vxlan("192.168.0.1"), Day);
        HeldStoreCall listing = lab.Store.HoldNextAfter(StoreOperation.List);
        await using var reader = new ObserverReader(lab.Observer);
        await listing.WaitUntilReachedAsync();
        var other = new InMemoryLeaseStore(AdministrationLab.Network);
        other.Put(SubnetKey.Parse("10.5.2.0-24"), AdministrationLab.Vxlan("192.168.0.2"), Day);
        Assert.Equal(lab.Memory.Revision, other.Revision);

        lab.Store.Inner = other;
        lab.Store.BreakWatches();
        listing.Release();

        Assert.Equal("10.5.1.0-24", Assert.Single((await reader.NextAsync<NetworkSnapshot>()).Leases).Key);
        Assert.NotNull((await reader.NextAsync<StoreReachability>()).Error);
        await lab.Time.WaitForTimerWithinAsync(TimeSpan.FromSeconds(5));
        lab.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Null((await reader.NextAsync<StoreReachability>()).Error);
        await reader.NextAsync<StoredLeaseChange>();
        await reader.NextAsync<StoredLeaseChange>();
        Assert.Equal("10.5.2.0-24", Assert.Single(reader.Leases).Key);
    }

    [Fact]
    public async Task Watch_LeaseEnds_IsToldAndNothingIsWritten()
    {
        TimeSpan beforeTheNextListing = TimeSpan.FromMinutes(5); // one under way would meet its deadline in the same step of the clock
        await using var lab = new AdministrationLab();
        lab.Put("10.5.1.0-24", AdministrationLab.Vxlan("192.168.0.1"), beforeTheNextListing);
        await using var reader = new ObserverReader(lab.Observer);
        await reader.NextAsync<NetworkSnapshot>();

        lab.Time.Advance(beforeTheNextListing);

        Assert.Equal(ChangeKind.Removed, (await reader.NextAsync<StoredLeaseChange>()).Kind);
        Assert.DoesNotContain(lab.Store.Calls, static call => call.Operation is not (StoreOperation.List or StoreOperation.Watch));
    }

    [Fact]
    public async Task Watch_ManyReaders_EachSeesEverything()
    {
        await using var lab = new AdministrationLab();
        ObserverReader[] readers = [.. Enumerable.Range(0, 8).Select(_ => new ObserverReader(lab.Observer))];
        foreach (ObserverReader reader in readers) await reader.NextAsync<NetworkSnapshot>();

        for (int i = 1; i <= 100; i++) lab.Put($"10.5.{i}.0-24", AdministrationLab.Vxlan($"192.168.0.{i}"), Day);

        foreach (ObserverReader reader in readers)
        {
            while (reader.Leases.Count < 100) Assert.Equal(ChangeKind.Added, (await reader.NextAsync<StoredLeaseChange>()).Kind);
            await reader.DisposeAsync();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Watch_StuckStore_StillEnds(bool blocks)
    {
        using var store = new StuckLeaseStore(new InMemoryLeaseStore(AdministrationLab.Network), blocks) { IsStuck = true };
        await using var lab = new AdministrationLab();
        lab.Store.Inner = store;
        var reader = new ObserverReader(lab.Observer);
        await lab.Time.WaitForTimerAsync();

        Task ending = reader.DisposeAsync().AsTask();
        while (!ending.IsCompleted)
        {
            await Task.WhenAny(ending, Task.Delay(10));
            lab.Time.Advance(TimeSpan.FromSeconds(1));
        }

        await ending;
    }
}

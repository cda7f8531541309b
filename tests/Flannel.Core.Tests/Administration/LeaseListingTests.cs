using Flannel.Testing;

namespace Flannel.Core.Tests.Administration;

public sealed class LeaseListingTests
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    [Fact]
    public async Task List_EverythingThereCanBe_SaysWhoAndWhatAndWhy()
    {
        await using var lab = new AdministrationLab();
        lab.Put("10.5.1.0-24", AdministrationLab.Vxlan("192.168.0.1"), Day);
        lab.Put("10.5.2.0-24", AdministrationLab.Vxlan("192.168.0.2"), null);
        lab.Put("10.5.3.0-24", AdministrationLab.Host("192.168.0.3"), null);
        lab.Put("10.6.4.0-24", AdministrationLab.Vxlan("192.168.0.4"), Day);
        lab.Put("10.5.5.0-24", AdministrationLab.Host("192.168.0.5") with { BackendType = "host-gw" }, Day);
        lab.Put("10.5.1.0-25", AdministrationLab.Vxlan("192.168.0.6"), Day);
        lab.PutText("10.5.7.0-24", "{ corrupt", Day);
        lab.PutText("stray", "{}");
        lab.Time.Advance(TimeSpan.FromHours(1));

        Dictionary<string, StoredLease> leases = (await lab.Administration.ListLeasesAsync(withTimeLeft: true)).ToDictionary(lease => lease.Key);

        Assert.Equal(leases.Keys.Order(StringComparer.Ordinal), leases.Keys);
        Assert.Equal(8, leases.Count);
        Assert.True(leases["10.5.1.0-24"] is { IsReservation: false, Refusal: null, Attributes.BackendType: "vxlan" });
        Assert.Equal(TimeSpan.FromHours(23), leases["10.5.1.0-24"].TimeLeft);
        Assert.Equal("10.5.1.0-24 (192.168.0.1), 23:00:00 left", leases["10.5.1.0-24"].ToString());
        Assert.True(leases["10.5.2.0-24"] is { IsReservation: true, Refusal: null, TimeLeft: null });
        Assert.True(leases["10.5.3.0-24"] is { IsReservation: true, Refusal: null, Attributes.BackendType: null });
        Assert.Contains("outside the network", leases["10.6.4.0-24"].Refusal, StringComparison.Ordinal);
        Assert.Contains("BackendType", leases["10.5.5.0-24"].Refusal, StringComparison.Ordinal);
        Assert.Contains("overlaps 10.5.1.0-24", leases["10.5.1.0-25"].Refusal, StringComparison.Ordinal);
        Assert.True(leases["10.5.7.0-24"] is { Attributes: null, Subnets: not null, Refusal: not null });
        Assert.True(leases["stray"] is { Attributes: not null, Subnets: null, Refusal: not null });
    }

    [Fact]
    public async Task List_WithoutAConfiguration_JudgesDocumentsOnly()
    {
        await using var lab = new AdministrationLab(config: null);
        lab.Put("10.5.1.0-24", AdministrationLab.Vxlan("192.168.0.1"), Day);
        lab.PutText("10.5.7.0-24", "{ corrupt", Day);

        IReadOnlyList<StoredLease> leases = await lab.Administration.ListLeasesAsync();

        Assert.Equal([true, false], leases.Select(lease => lease.Refusal is null));
        Assert.All(leases, lease => Assert.Null(lease.TimeLeft));
    }

    [Fact]
    public async Task List_ManyLeases_AsksForTheirTimesInParts()
    {
        await using var lab = new AdministrationLab();
        for (int i = 1; i < 256; i++)
            lab.Put($"10.5.{i}.0-24", AdministrationLab.Vxlan($"192.168.0.{i}"), Day);

        IReadOnlyList<StoredLease> leases = await lab.Administration.ListLeasesAsync(withTimeLeft: true);

        Assert.All(leases, lease => Assert.Equal(Day, lease.TimeLeft));
        Assert.Equal(2, lab.Store.Calls.Count(call => call.Operation == StoreOperation.ReadTimesLeft));
    }

    [Fact]
    public async Task Revoke_WhateverItIs_IsGone()
    {
        await using var lab = new AdministrationLab();
        lab.Put("10.5.1.0-24", AdministrationLab.Vxlan("192.168.0.1"), Day);
        lab.Put("10.5.2.0-24", AdministrationLab.Host("192.168.0.2"), null);
        lab.PutText("stray", "{}");

        foreach (StoredLease lease in await lab.Administration.ListLeasesAsync())
            Assert.True(await lab.Administration.RevokeAsync(lease));

        Assert.Empty(await lab.Administration.ListLeasesAsync());
    }

    [Fact]
    public async Task Prune_TakesWhatCanBeNobodysAndNothingElse()
    {
        await using var lab = new AdministrationLab();
        lab.Put("10.5.1.0-24", AdministrationLab.Vxlan("192.168.0.1"), Day);
        lab.Put("10.5.2.0-25", AdministrationLab.Vxlan("192.168.0.2"), Day);
        lab.Put("10.5.3.0-24", AdministrationLab.Host("192.168.0.3") with { BackendType = "host-gw" }, Day);
        lab.Put("10.6.4.0-24", AdministrationLab.Vxlan("192.168.0.4"), Day);
        lab.Put("10.6.5.0-24", AdministrationLab.Host("192.168.0.5"), null);
        lab.PutText("10.5.7.0-24", "{ corrupt");
        lab.PutText("stray", "{}");

        IReadOnlyList<StoredLease> pruned = await lab.Administration.PruneAsync();

        Assert.Equal(["10.5.7.0-24", "10.6.4.0-24"], pruned.Select(lease => lease.Key));
        Assert.Equal(
            ["10.5.1.0-24", "10.5.2.0-25", "10.5.3.0-24", "10.6.5.0-24", "stray"],
            (await lab.Administration.ListLeasesAsync()).Select(lease => lease.Key));
    }

    [Fact]
    public async Task Prune_WhatWasMendedInBetween_Stays()
    {
        await using var lab = new AdministrationLab();
        lab.PutText("10.5.7.0-24", "{ corrupt");
        lab.Store.BeforeNext(StoreOperation.Delete, () => lab.Put("10.5.7.0-24", AdministrationLab.Vxlan("192.168.0.7"), Day));

        Assert.Empty(await lab.Administration.PruneAsync());

        Assert.Null((await lab.FindAsync("10.5.7.0-24")).Refusal);
    }
}

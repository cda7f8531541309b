using System.Net;
using System.Text;
using Flannel.Extensibility;
using Flannel.Testing;

namespace Flannel.Core.Tests.Administration;

public sealed class ReservationTests
{
    private const string DualStack =
        """{"Network":"10.5.0.0/16","EnableIPv6":true,"IPv6Network":"fd00:5::/48","Backend":{"Type":"vxlan"}}""";

    private static readonly LeaseAttributes First = AdministrationLab.Host("192.168.0.1");
    private static readonly SubnetKey Key = SubnetKey.Parse("10.5.1.0-24");
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    [Fact]
    public async Task Reserve_FreeSubnet_WritesFlannelsDocumentWithoutAnEnd()
    {
        await using var lab = new AdministrationLab();

        StoredLease lease = await lab.Administration.ReserveAsync(Key, AdministrationLab.Host("192.168.0.1"));

        StoredEntry entry = Assert.Single((await lab.Memory.ListAsync(null, CancellationToken.None)).Entries);
        Assert.Equal(("10.5.1.0-24", false), (entry.Key, entry.HasTimeToLive));
        Assert.Equal("""{"PublicIP":"192.168.0.1","PublicIPv6":null}""", Encoding.UTF8.GetString(entry.Value.Span));
        Assert.Equal(await lab.FindAsync("10.5.1.0-24"), lease);
        Assert.True(lease is { IsReservation: true, Refusal: null, TimeLeft: null });
        lab.Time.Advance(TimeSpan.FromDays(400));
        Assert.Equal(lease, await lab.FindAsync("10.5.1.0-24"));
    }

    [Fact]
    public async Task Reserve_Again_ChangesNothing()
    {
        await using var lab = new AdministrationLab();
        StoredLease lease = await lab.Administration.ReserveAsync(Key, AdministrationLab.Host("192.168.0.1"));
        long before = lab.Memory.Revision;

        Assert.Equal(lease, await lab.Administration.ReserveAsync(Key, AdministrationLab.Host("192.168.0.1")));
        Assert.Equal(lease, await lab.Administration.ReserveAsync(lease));
        Assert.Equal(before, lab.Memory.Revision);
    }

    [Fact]
    public async Task Reserve_LeaseOfTheHost_KeepsWhatItPublishes()
    {
        await using var lab = new AdministrationLab();
        lab.Put("10.5.1.0-24", AdministrationLab.Vxlan("192.168.0.1"), Day);

        StoredLease lease = await lab.Administration.ReserveAsync(Key, AdministrationLab.Host("192.168.0.1"));

        Assert.True(lease.IsReservation);
        Assert.Equal(AdministrationLab.Vxlan("192.168.0.1"), lease.Attributes);
    }

    [Theory]
    [InlineData(AdministrationLab.Network, "10.6.1.0-24", LeaseRefusal.OutsideNetwork, "10.5.0.0/16")]
    [InlineData(AdministrationLab.Network, "10.5.1.0-25", LeaseRefusal.WrongLength, "/24")]
    [InlineData(AdministrationLab.Network, "10.5.0.0-16", LeaseRefusal.WrongLength, "/24")]
    [InlineData(AdministrationLab.Network, "10.5.0.0-24", LeaseRefusal.OutsidePool, "SubnetMin")]
    [InlineData(AdministrationLab.Network, "10.5.1.0-24&fd00:5::-64", LeaseRefusal.WrongFamilies, "10.5.52.0-24")]
    [InlineData(AdministrationLab.Network, "0.0.0.0-0&fd00:5::-64", LeaseRefusal.WrongFamilies, "an IPv4 subnet only")]
    [InlineData(DualStack, "10.5.1.0-24", LeaseRefusal.WrongFamilies, "an IPv4 and an IPv6 subnet")]
    [InlineData(DualStack, "10.5.1.0-24&fd00:6:0:1::-64", LeaseRefusal.OutsideNetwork, "fd00:5::/48")]
    [InlineData(DualStack, "10.5.1.0-24&fd00:5:0:1::-80", LeaseRefusal.WrongLength, "/64")]
    [InlineData(DualStack, "10.5.1.0-24&fd00:5::-64", LeaseRefusal.OutsidePool, "IPv6SubnetMin")]
    public async Task Reserve_SubnetThatNoHostLeases_IsRefusedWithTheReason(string config, string key, LeaseRefusal reason, string named)
    {
        await using var lab = new AdministrationLab(config);

        var error = await Assert.ThrowsAsync<LeaseRefusedException>(
            () => lab.Administration.ReserveAsync(SubnetKey.Parse(key), AdministrationLab.Host("192.168.0.1")));

        Assert.Equal((reason, key), (error.Reason, error.Key));
        Assert.Contains(key, error.Message, StringComparison.Ordinal);
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.Empty(await lab.Administration.ListLeasesAsync());
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("224.0.0.1")]
    [InlineData("0.0.0.0")]
    [InlineData("10.5.7.1")]
    [InlineData("255.255.255.255")]
    public async Task Reserve_HostThatCannotBeReached_IsRefused(string address)
    {
        await using var lab = new AdministrationLab();

        var error = await Assert.ThrowsAsync<LeaseRefusedException>(() => lab.Administration.ReserveAsync(Key, AdministrationLab.Host(address)));

        Assert.Equal(LeaseRefusal.UnusableAddress, error.Reason);
    }

    [Fact]
    public async Task Reserve_IPv6Only_GoesByTheIPv6Address()
    {
        await using var lab = new AdministrationLab("""{"EnableIPv4":false,"EnableIPv6":true,"IPv6Network":"fd00:5::/48"}""");
        SubnetKey key = SubnetKey.Parse("0.0.0.0-0&fd00:5:0:1::-64");

        var error = await Assert.ThrowsAsync<LeaseRefusedException>(() => lab.Administration.ReserveAsync(key, First));
        StoredLease lease = await lab.Administration.ReserveAsync(key, new LeaseAttributes { PublicIPv6 = IPAddress.Parse("2001:db8::1") });

        Assert.Equal(LeaseRefusal.UnusableAddress, error.Reason);
        Assert.Contains("PublicIPv6", error.Message, StringComparison.Ordinal);
        Assert.Equal("0.0.0.0-0&fd00:5:0:1::-64", lease.Key);
    }

    [Theory]
    [InlineData("10.5.1.0-24", "192.168.0.2")]
    [InlineData("10.5.1.128-25", "192.168.0.2")]
    [InlineData("10.5.0.0-20", "192.168.0.2")]
    [InlineData("10.5.1.0-26", "192.168.0.1")]
    public async Task Reserve_AddressesThatSomebodyHas_AreTaken(string other, string holder)
    {
        await using var lab = new AdministrationLab();
        lab.Put(other, AdministrationLab.Vxlan(holder), Day);

        var error = await Assert.ThrowsAsync<LeaseRefusedException>(() => lab.Administration.ReserveAsync(Key, First));

        Assert.Equal((LeaseRefusal.Taken, other), (error.Reason, Assert.Single(error.Conflicting).Key));
        Assert.Contains(holder, error.Message, StringComparison.Ordinal);
        Assert.Single(await lab.Administration.ListLeasesAsync());
    }

    [Fact]
    public async Task Reserve_KeyWithADocumentNobodyCanRead_IsTaken()
    {
        await using var lab = new AdministrationLab();
        lab.PutText("10.5.1.0-24", "{ corrupt");

        var error = await Assert.ThrowsAsync<LeaseRefusedException>(() => lab.Administration.ReserveAsync(Key, First));

        Assert.Equal(LeaseRefusal.Taken, error.Reason);
        await Assert.ThrowsAsync<LeaseRefusedException>(async () => await lab.Administration.ReserveAsync(await lab.FindAsync("10.5.1.0-24")));
    }

    [Fact]
    public async Task Reserve_HostThatHoldsAnother_IsRefused()
    {
        await using var lab = new AdministrationLab();
        lab.Put("10.5.9.0-24", AdministrationLab.Vxlan("192.168.0.1"), Day);

        var error = await Assert.ThrowsAsync<LeaseRefusedException>(() => lab.Administration.ReserveAsync(Key, First));

        Assert.Equal((LeaseRefusal.HostHoldsAnother, "10.5.9.0-24"), (error.Reason, Assert.Single(error.Conflicting).Key));
    }

    [Fact]
    public async Task Reserve_HostWhoseLeaseNoLongerFits_GetsIt()
    {
        await using var lab = new AdministrationLab();
        lab.Put("10.9.9.0-24", AdministrationLab.Vxlan("192.168.0.1"), Day);

        await lab.Administration.ReserveAsync(Key, AdministrationLab.Host("192.168.0.1"));
    }

    [Fact]
    public async Task Reserve_KeyTakenInBetween_IsAConflict()
    {
        await using var lab = new AdministrationLab();
        lab.Store.BeforeNext(StoreOperation.Create, () => lab.Put("10.5.1.0-24", AdministrationLab.Vxlan("192.168.0.2"), Day));

        var error = await Assert.ThrowsAsync<StoreConflictException>(() => lab.Administration.ReserveAsync(Key, First));

        Assert.Equal(("10.5.1.0-24", 0L, lab.Memory.Revision), (error.Key, error.ExpectedRevision, error.FoundRevision));
    }

    [Theory]
    [InlineData("10.5.1.128-25", "192.168.0.2", LeaseRefusal.Taken)]
    [InlineData("10.5.9.0-24", "192.168.0.1", LeaseRefusal.HostHoldsAnother)]
    public async Task Reserve_WhatIsInTheWayComesInBetween_IsTakenBack(string other, string holder, LeaseRefusal reason)
    {
        await using var lab = new AdministrationLab();
        lab.Store.BeforeNext(StoreOperation.Create, () => lab.Put(other, AdministrationLab.Vxlan(holder), Day));

        var error = await Assert.ThrowsAsync<LeaseRefusedException>(() => lab.Administration.ReserveAsync(Key, First));

        Assert.Equal(reason, error.Reason);
        Assert.Equal(other, Assert.Single(await lab.Administration.ListLeasesAsync()).Key);
    }

    [Fact]
    public async Task Reserve_KeyThatWasNeverSet_IsAnArgumentError()
    {
        await using var lab = new AdministrationLab();

        await Assert.ThrowsAsync<ArgumentException>(() => lab.Administration.ReserveAsync(default, AdministrationLab.Host("192.168.0.1")));
        Assert.Contains("10.5.52.0-24", Assert.Throws<FormatException>(() => SubnetKey.Parse("10.5.1.0/24")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task LeaseToReservationAndBack_NobodyRenews_Ends()
    {
        await using var lab = new AdministrationLab();
        lab.Put("10.5.1.0-24", AdministrationLab.Vxlan("192.168.0.1"), Day);

        StoredLease reserved = await lab.Administration.ReserveAsync(await lab.FindAsync("10.5.1.0-24"));
        lab.Time.Advance(Day * 2);
        Assert.Equal(reserved, await lab.FindAsync("10.5.1.0-24"));
        StoredLease lease = await lab.Administration.EndReservationAsync(reserved, Day);

        Assert.True(lease is { IsReservation: false, Refusal: null });
        Assert.Equal(Day, lease.TimeLeft);
        Assert.Equal(lease, await lab.FindAsync("10.5.1.0-24", withTimeLeft: true));
        Assert.Equal(lease, await lab.Administration.EndReservationAsync(lease, TimeSpan.FromHours(1)));
        lab.Time.Advance(Day);
        Assert.Empty(await lab.Administration.ListLeasesAsync());
    }

    [Fact]
    public async Task Reserve_LeaseThatItsHostCouldNotTakeAgain_IsRefused()
    {
        await using var lab = new AdministrationLab();
        lab.Put("10.5.1.0-25", AdministrationLab.Vxlan("192.168.0.1"), Day);
        lab.Put("10.6.1.0-24", AdministrationLab.Vxlan("192.168.0.2"), Day);
        lab.Put("10.5.3.0-24", new LeaseAttributes(), Day);
        lab.PutText("stray\u202e\n", "{}", Day);

        foreach ((string key, LeaseRefusal reason) in ((string, LeaseRefusal)[])[
            ("10.5.1.0-25", LeaseRefusal.WrongLength),
            ("10.6.1.0-24", LeaseRefusal.OutsideNetwork),
            ("10.5.3.0-24", LeaseRefusal.UnusableAddress),
            ("stray\u202e\n", LeaseRefusal.NotALease)])
        {
            StoredLease lease = await lab.FindAsync(key);
            var error = await Assert.ThrowsAsync<LeaseRefusedException>(() => lab.Administration.ReserveAsync(lease));
            Assert.Equal((reason, key), (error.Reason, error.Key));
            Assert.DoesNotContain(error.Message + lease, static c => c is '\n' or '\u202e');
        }

        lab.Memory.SetConfig((string?)null);
        StoredLease first = await lab.FindAsync("10.6.1.0-24");
        await Assert.ThrowsAsync<NetworkConfigException>(() => lab.Administration.ReserveAsync(first));
    }

    [Fact]
    public async Task Changes_OfALeaseThatSomebodyChanged_AreConflicts()
    {
        await using var lab = new AdministrationLab();
        lab.Put("10.5.1.0-24", AdministrationLab.Vxlan("192.168.0.1"), Day);
        StoredLease seen = await lab.FindAsync("10.5.1.0-24");
        StoredEntry newer = lab.Put("10.5.1.0-24", AdministrationLab.Vxlan("192.168.0.2"), null);
        StoredLease reserved = seen with { IsReservation = true };

        foreach (Func<Task> change in (Func<Task>[])[
            () => lab.Administration.ReserveAsync(seen),
            () => lab.Administration.EndReservationAsync(reserved, Day),
            () => lab.Administration.RevokeAsync(seen)])
        {
            var error = await Assert.ThrowsAsync<StoreConflictException>(change);
            Assert.Equal(("10.5.1.0-24", seen.Revision, newer.ModRevision), (error.Key, error.ExpectedRevision, error.FoundRevision));
        }

        lab.Memory.Delete("10.5.1.0-24");
        Assert.Equal(0, (await Assert.ThrowsAsync<StoreConflictException>(() => lab.Administration.ReserveAsync(seen))).FoundRevision);
        Assert.False(await lab.Administration.RevokeAsync(seen));
    }

    [Fact]
    public async Task EndReservation_TimeToLiveThatIsNone_IsAnArgumentError()
    {
        await using var lab = new AdministrationLab();
        StoredLease lease = await lab.Administration.ReserveAsync(Key, AdministrationLab.Host("192.168.0.1"));

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => lab.Administration.EndReservationAsync(lease, TimeSpan.Zero));
    }

    [Fact]
    public async Task Reserve_ManyAtOnceForOneSubnet_OneWins()
    {
        for (int round = 0; round < 20; round++)
        {
            await using var lab = new AdministrationLab();
            Exception?[] errors = await Task.WhenAll(Enumerable.Range(1, 8).Select(host => Task.Run(
                () => Record.ExceptionAsync(() => lab.Administration.ReserveAsync(Key, AdministrationLab.Host($"192.168.0.{host}"))))));

            Assert.Single(errors, static error => error is null);
            Assert.All(
                errors, static error => Assert.True(error is null or StoreConflictException or LeaseRefusedException { Reason: LeaseRefusal.Taken }));
        }
    }
}

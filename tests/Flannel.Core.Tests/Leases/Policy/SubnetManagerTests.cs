namespace Flannel.Core.Tests.Leases.Policy;

public sealed class SubnetManagerTests
{
    [Fact]
    public async Task ReadConfig_NoDocument_NamesThePlaceAndWhatToWrite()
    {
        var lab = new SubnetManagerLab();
        lab.Store.SetConfig((string?)null);

        var error = await Assert.ThrowsAsync<NetworkConfigException>(async () => (await lab.Node(1).OpenAsync()).ReadConfig());

        Assert.Contains(lab.Store.ConfigSource, error.Message, StringComparison.Ordinal);
        Assert.Contains("\"Network\"", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReadConfig_InvalidDocument_ListsProblems()
    {
        var lab = new SubnetManagerLab();
        lab.Store.SetConfig("""{"Network":"10.5.0.0/29"}""");

        var error = await Assert.ThrowsAsync<NetworkConfigException>(async () => (await lab.Node(1).OpenAsync()).ReadConfig());

        Assert.NotEmpty(error.Problems);
    }

    [Fact]
    public async Task ReadConfig_Document_IsRead()
    {
        var lab = new SubnetManagerLab();

        Assert.Equal(lab.Config, (await lab.Node(1).OpenAsync()).ReadConfig());
    }

    [Fact]
    public async Task Find_OwnLease_ChangesNothing()
    {
        var lab = new SubnetManagerLab();
        lab.PutPeer("10.5.7.0-25", host: 1);
        lab.PutPeer("10.5.8.0-24", host: 1, mac: "8");
        lab.PutPeer("10.5.9.0-24", host: 2);
        long revision = lab.Store.Revision;

        Lease? found = (await lab.Node(1).OpenAsync()).FindOwn(lab.Request(1));

        Assert.Equal(("10.5.8.0-24", SubnetManagerLab.Attributes(1, "8")), (found!.Key.ToString(), found.Attributes));
        Assert.Null((await lab.Node(3).OpenAsync()).FindOwn(lab.Request(3)));
        Assert.Equal(revision, lab.Store.Revision);
    }

    [Fact]
    public async Task Release_LeaseAsHeld_DeletesIt()
    {
        var lab = new SubnetManagerLab();
        LabNode node = lab.Node(1);
        Lease lease = await node.AcquireAsync();

        await node.Manager.ReleaseAsync(lease, CancellationToken.None);

        Assert.Null(await lab.FindAsync(lease.Key.ToString()));
    }

    [Fact]
    public async Task Release_LeaseChangedByAnother_LeavesIt()
    {
        var lab = new SubnetManagerLab();
        LabNode node = lab.Node(1);
        Lease lease = await node.AcquireAsync();
        lab.PutPeer(lease.Key.ToString(), host: 2);

        await node.Manager.ReleaseAsync(lease, CancellationToken.None);

        Assert.NotNull(await lab.FindAsync(lease.Key.ToString()));
    }

    [Fact]
    public async Task Release_Reservation_LeavesIt()
    {
        var lab = new SubnetManagerLab();
        lab.Store.Reserve(SubnetKey.Parse("10.5.7.0-24"), SubnetManagerLab.Attributes(1));
        LabNode node = lab.Node(1);

        await node.Manager.ReleaseAsync(await node.AcquireAsync(), CancellationToken.None);

        Assert.NotNull(await lab.FindAsync("10.5.7.0-24"));
    }
}

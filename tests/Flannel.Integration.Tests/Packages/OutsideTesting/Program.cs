using System.Net;
using Flannel.Extensibility;
using Flannel.Testing;

foreach (string name in LeaseStoreContract.Cases) await new TableStoreContract().RunAsync(name);
Console.WriteLine($"The store passed {LeaseStoreContract.Cases.Count} cases.");

await using var cluster = new FlannelCluster();
await cluster.StartAsync();
IPNetwork subnet = cluster.Nodes[0].Node.Lease.Subnet!.Value;
cluster.Nodes[0].Move(IPAddress.Parse("192.168.100.77"));
await cluster.UntilConnectedAsync();
await cluster.Nodes[1].CrashAsync();
await cluster.AdvanceAsync(TimeSpan.FromHours(25)); // its lease ends
await cluster.UntilAsync(() => cluster.Nodes[0].Node.Peers.Count == 1, "the crashed node is forgotten");
Console.WriteLine(
    $"Three nodes, one moved ({subnet == cluster.Nodes[0].Node.Lease.Subnet}), one crashed, {cluster.Clock.Elapsed.TotalHours:0} hours.");

#region Store
/// <summary>Leases in a table of which every process has the same view; here it is a dictionary.</summary>
public sealed class TableStore(TimeProvider? time = null) : PollingLeaseStore(TimeSpan.FromSeconds(5), time)
{
    private readonly Lock _transaction = new();
    private readonly Dictionary<string, StoreRow> _rows = [];
    private long _revision;

    public override string ConfigSource => "the row 'config' of the table of leases";

    // SELECT …: all rows, the counter and the server's time, in one transaction.
    protected override Task<StoreRows> ReadRowsAsync(CancellationToken cancellationToken)
    {
        lock (_transaction) return Task.FromResult(new StoreRows([.. _rows.Values], _revision, Time.GetUtcNow()));
    }

    // UPDATE the counter, then INSERT, UPDATE … WHERE ModRevision = …, or DELETE … WHERE ModRevision = …; roll back if that meets no row.
    protected override Task<long?> WriteRowAsync(StoreRowWrite write, CancellationToken cancellationToken)
    {
        lock (_transaction)
        {
            StoreRow? found = _rows.GetValueOrDefault(write.Key);
            if (found?.ModRevision != write.ExpectedRevision) return Task.FromResult<long?>(null);

            long revision = ++_revision;
            if (write.Value is { } value)
                _rows[write.Key] = new StoreRow(write.Key, value, found?.CreateRevision ?? revision, revision, write.Expires);
            else _rows.Remove(write.Key);
            return Task.FromResult<long?>(revision);
        }
    }
}
#endregion

#region Contract
public sealed class TableStoreContract : LeaseStoreContract
{
    private readonly FakeTimeProvider _time = new();
    private readonly TableStore _store;

    public TableStoreContract() => _store = new TableStore(_time);

    protected override ILeaseStore Store => _store;

    protected override Task SetConfigAsync(string? config) => _store.SetConfigAsync(config, CancellationToken.None);

    // A store with another clock waits instead, which is the default.
    protected override Task PassTimeAsync(TimeSpan time)
    {
        _time.Advance(time);
        return Task.CompletedTask;
    }
}
#endregion

using Flannel.Extensibility;

namespace Flannel.Core.Tests.Stores;

/// <summary>What several stores share: rows and a counter, as a database keeps them.</summary>
internal sealed class Table
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, StoreRow> _rows = [];

    public long Revision { get; set; }

    /// <summary>Called before each write, outside of the lock: what somebody else does in between.</summary>
    public Action<StoreRowWrite> BeforeWrite { get; set; } = static _ => { };

    public int Reads { get; private set; }

    public int Writes { get; private set; }

    public StoreRows Read(DateTimeOffset now)
    {
        lock (_gate)
        {
            Reads++;
            return new StoreRows([.. _rows.Values], Revision, now);
        }
    }

    public long? Write(StoreRowWrite write)
    {
        BeforeWrite(write);
        lock (_gate)
        {
            StoreRow? found = _rows.GetValueOrDefault(write.Key);
            if (found?.ModRevision != write.ExpectedRevision) return null;
            Revision++;
            Writes++;
            if (write.Value is { } value)
                _rows[write.Key] = new StoreRow(write.Key, value.ToArray(), found?.CreateRevision ?? Revision, Revision, write.Expires);
            else _rows.Remove(write.Key);
            return Revision;
        }
    }
}

internal sealed class TableLeaseStore(Table table, TimeSpan? pollInterval = null, TimeProvider? time = null) : PollingLeaseStore(pollInterval, time)
{
    public override string ConfigSource => "the table";

    /// <summary>Thrown by reading while set.</summary>
    public Exception? ReadError { get; set; }

    /// <summary>Whether writes say that their condition did not hold.</summary>
    public bool RefusesWrites { get; set; }

    /// <summary>Has watches read at once: after a step of a clock whose timers a watch may not have armed yet.</summary>
    public void Poll() => PollNow();

    protected override Task<StoreRows> ReadRowsAsync(CancellationToken cancellationToken) =>
        ReadError is { } error ? Task.FromException<StoreRows>(error) : Task.FromResult(table.Read(Time.GetUtcNow()));

    protected override Task<long?> WriteRowAsync(StoreRowWrite write, CancellationToken cancellationToken) =>
        Task.FromResult(RefusesWrites ? null : table.Write(write));
}

using System.Text;
using Flannel.Extensibility;
using Flannel.Simulation.Rules;
using Flannel.Simulation.Scheduling;

namespace Flannel.Simulation.Models;

/// <summary>
/// The store, as etcd behaves: one revision per write, times to live that end a little late, a history that can be compacted, backups that it can be
/// restored from. Written independently of <see cref="InMemoryLeaseStore"/>, so that one does not hide the faults of the other.
/// </summary>
internal sealed class StoreServer
{
    private static readonly TimeSpan BackupInterval = TimeSpan.FromSeconds(15);

    private readonly Scheduler _scheduler;
    private readonly LeaseHistory _history;
    private readonly List<Backup> _backups = [];
    private readonly List<Record> _log = [];
    private Dictionary<string, Slot> _slots = new(StringComparer.Ordinal);
    private ReadOnlyMemory<byte>? _config;
    private long _configRevision;
    private long _claims;
    private StoreSnapshot? _listed;

    public StoreServer(Scheduler scheduler, LeaseHistory history, string config, bool hasClaims)
    {
        (_scheduler, _history, HasClaims) = (scheduler, history, hasClaims);
        PutConfig(config);
        BackUp();
    }

    public long Revision { get; private set; }

    /// <summary>What happened up to here is forgotten.</summary>
    public long Compacted { get; private set; }

    /// <summary>Whether it tells claims from updates, as etcd does by the lease that a key hangs on.</summary>
    public bool HasClaims { get; }

    /// <summary>Whether there is no room for writes (etcd's NOSPACE alarm).</summary>
    public bool IsFull { get; set; }

    /// <summary>The open watches, of whichever host.</summary>
    public List<StoreWatch> Watches { get; } = [];

    public IEnumerable<StoredEntry> Entries => _slots.Values.Select(static slot => slot.Entry);

    public string? Config => _config is { } document ? Encoding.UTF8.GetString(document.Span) : null;

    public StoredEntry? Find(string key) => _slots.TryGetValue(key, out Slot? slot) ? slot.Entry : null;

    public StoreSnapshot List() => _listed ??= new StoreSnapshot([.. Entries], Revision) { Config = _config, ConfigRevision = _configRevision };

    public StoreWriteResult Create(string key, ReadOnlyMemory<byte> value, TimeSpan? timeToLive)
    {
        RequireRoom();
        return Find(key) is { } found ? new StoreWriteResult(false, found) : new StoreWriteResult(true, Put(key, value, timeToLive));
    }

    public StoreWriteResult Update(StoredEntry expected, ReadOnlyMemory<byte> value, TimeSpan timeToLive)
    {
        RequireRoom();
        if (!Holds(expected, out Slot? slot)) return new StoreWriteResult(false, slot?.Entry);
        return new StoreWriteResult(true, Put(expected.Key, value, slot.Deadline is null ? null : timeToLive, slot.Entry.ClaimId));
    }

    public StoreWriteResult Claim(StoredEntry expected, TimeSpan timeToLive)
    {
        RequireRoom();
        if (!Holds(expected, out Slot? slot)) return new StoreWriteResult(false, slot?.Entry);
        return new StoreWriteResult(true, Put(expected.Key, slot.Entry.Value, slot.Deadline is null ? null : timeToLive));
    }

    public StoreWriteResult Renew(StoredEntry expected, TimeSpan timeToLive)
    {
        bool isHeld = Holds(expected, out Slot? slot);
        if (isHeld && slot!.Deadline is not null) Arm(slot, timeToLive);
        return new StoreWriteResult(isHeld, slot?.Entry);
    }

    public StoreWriteResult Delete(StoredEntry expected)
    {
        if (!Holds(expected, out Slot? slot)) return new StoreWriteResult(false, slot?.Entry);
        Delete(expected.Key);
        return new StoreWriteResult(true, null);
    }

    /// <summary>Writes whatever stands there, as an operator or another program does.</summary>
    public StoredEntry Put(string key, ReadOnlyMemory<byte> value, TimeSpan? timeToLive) =>
        Put(key, value, timeToLive, HasClaims && timeToLive is not null ? ++_claims : 0);

    public void Delete(string key)
    {
        if (!_slots.Remove(key)) return;
        Revision++;
        _history.Delete(key, _scheduler.Now);
        Append(new Record(Revision, new StoreChange(key, null), IsConfig: false));
    }

    public void PutConfig(string? config)
    {
        Revision++;
        _config = config is null ? null : new ReadOnlyMemory<byte>(Encoding.UTF8.GetBytes(config));
        _configRevision = config is null ? 0 : Revision;
        Append(new Record(Revision, default, IsConfig: true));
    }

    /// <summary>What happened after a revision, the newest of it left out at will; <see langword="null"/> if nothing did.</summary>
    /// <param name="after">The revision.</param>
    /// <param name="most">How many changes to deliver at most.</param>
    public StoreEvent? ReadAfter(long after, int most)
    {
        if (after >= Revision) return null;
        if (after < Compacted) return List();
        Record[] records = [.. _log.Where(record => record.Revision > after).Take(most)];
        bool hasConfig = records.Any(static record => record.IsConfig);
        return new StoreChanges([.. records.Where(static record => !record.IsConfig).Select(static record => record.Change)], records[^1].Revision)
        {
            Config = hasConfig ? _config : null,
            ConfigRevision = hasConfig ? _configRevision : 0,
            IsConfigDeleted = hasConfig && _config is null,
        };
    }

    public void Compact()
    {
        Compacted = Revision;
        _log.Clear();
    }

    /// <summary>Goes back to an older state, as from a backup: revisions are given once more, and every connection breaks.</summary>
    public void Restore(TimeSpan age)
    {
        Backup backup = _backups.LastOrDefault(candidate => candidate.Taken <= _scheduler.Now - age) ?? _backups[0];
        foreach (string key in _slots.Keys.Except(backup.Entries.Select(static entry => entry.Key)).ToArray()) _history.Delete(key, _scheduler.Now);
        _slots = new Dictionary<string, Slot>(StringComparer.Ordinal);
        (Revision, _config, _configRevision, _listed) = (backup.Revision, backup.Config, backup.ConfigRevision, null);
        Compact();
        foreach (StoredEntry entry in backup.Entries)
        {
            var slot = new Slot { Entry = entry };
            _slots[entry.Key] = slot;
            if (entry.HasTimeToLive) Arm(slot, SimulatedHost.TimeToLive);
            _history.Put(entry, _scheduler.Now);
        }
    }

    private StoredEntry Put(string key, ReadOnlyMemory<byte> value, TimeSpan? timeToLive, long claim)
    {
        long revision = ++Revision;
        if (!_slots.TryGetValue(key, out Slot? slot)) _slots[key] = slot = new Slot();
        long created = slot.Entry?.CreateRevision ?? revision;
        slot.Entry = new StoredEntry(key, value.ToArray(), created, revision, timeToLive is not null) { ClaimId = claim };
        slot.Deadline = null;
        if (timeToLive is { } life) Arm(slot, life);
        _history.Put(slot.Entry, _scheduler.Now);
        Append(new Record(revision, new StoreChange(key, slot.Entry), IsConfig: false));
        return slot.Entry;
    }

    private void BackUp()
    {
        _backups.Add(new Backup(_scheduler.Now, Revision, [.. Entries], _config, _configRevision));
        _scheduler.After(BackupInterval, "backup", null, BackUp);
    }

    private void Append(Record record)
    {
        _log.Add(record);
        _listed = null;
        foreach (StoreWatch watch in Watches.ToArray()) watch.Send();
    }

    private void Arm(Slot slot, TimeSpan timeToLive)
    {
        TimeSpan deadline = _scheduler.Now + timeToLive;
        slot.Deadline = deadline;
        _scheduler.After(timeToLive + TimeSpan.FromMilliseconds(_scheduler.Random.Next(1000)), "expiry", null, () =>
        {
            if (slot.Deadline == deadline && _slots.TryGetValue(slot.Entry.Key, out Slot? current) && current == slot) Delete(slot.Entry.Key);
        });
    }

    private bool Holds(StoredEntry expected, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Slot? slot) =>
        _slots.TryGetValue(expected.Key, out slot) && slot.Entry.ModRevision == expected.ModRevision;

    private void RequireRoom()
    {
        if (IsFull) throw new StoreException("The store has no room left.", isTransient: true) { Kind = StoreErrorKind.OutOfSpace };
    }

    private sealed class Slot
    {
        public StoredEntry Entry { get; set; } = null!;

        public TimeSpan? Deadline { get; set; }
    }

    private sealed record Record(long Revision, StoreChange Change, bool IsConfig);

    private sealed record Backup(TimeSpan Taken, long Revision, StoredEntry[] Entries, ReadOnlyMemory<byte>? Config, long ConfigRevision);
}

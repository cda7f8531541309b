using System.Text;
using Flannel.Core.Stores.InMemory;
using Flannel.Extensibility;

namespace Flannel;

/// <content>What an operator does to a store by hand: no conditions, no checks.</content>
public sealed partial class InMemoryLeaseStore
{
    /// <summary>The newest revision; 0 before the first write.</summary>
    public long Revision
    {
        get
        {
            lock (_lock)
                return _log.Newest;
        }
    }

    /// <summary>Replaces the network configuration, which is a write like every other: watchers are told.</summary>
    /// <param name="config">The configuration as JSON text, not checked here; <see langword="null"/> removes it.</param>
    public void SetConfig(string? config)
    {
        lock (_lock)
        {
            if (config is not null)
                Put_NeedsLock(ChangeLog.ConfigKey, Encoding.UTF8.GetBytes(config), timeToLive: null);
            else if (_slots.TryGetValue(ChangeLog.ConfigKey, out Slot? slot))
                Delete_NeedsLock(slot);
        }

        WakeWatchers();
    }

    /// <summary>Replaces the network configuration, which is a write like every other: watchers are told.</summary>
    /// <param name="config">The configuration.</param>
    /// <exception cref="NetworkConfigException">The configuration breaks rules.</exception>
    public void SetConfig(NetworkConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        SetConfig(config.ToJson());
    }

    /// <summary>Writes a document, whatever stands under the key. Neither the key nor the document needs to make sense.</summary>
    /// <param name="key">The key below the subnets' directory, such as <c>10.5.52.0-24</c>.</param>
    /// <param name="document">The document.</param>
    /// <param name="timeToLive">How long the entry lives without renewal, or <see langword="null"/> for one that never ends.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timeToLive"/> is not positive.</exception>
    public StoredEntry Put(string key, ReadOnlyMemory<byte> document, TimeSpan? timeToLive)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        ThrowIfNotPositive(timeToLive);
        StoredEntry written;
        lock (_lock)
            written = Put_NeedsLock(key, document, timeToLive);
        WakeWatchers();
        return written;
    }

    /// <summary>Writes a lease, whatever stands under its key.</summary>
    /// <param name="key">The leased subnets.</param>
    /// <param name="attributes">What its holder publishes.</param>
    /// <param name="timeToLive">How long the lease lives without renewal, or <see langword="null"/> for a reservation.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timeToLive"/> is not positive.</exception>
    public StoredEntry Put(SubnetKey key, LeaseAttributes attributes, TimeSpan? timeToLive)
    {
        ArgumentNullException.ThrowIfNull(attributes);
        return Put(key.ToString(), attributes.ToUtf8Json(), timeToLive);
    }

    /// <summary>
    /// Reserves subnets for a host, found by its public address: a lease that never ends. An existing lease becomes a reservation. As long as the
    /// host has not started, nobody else gets the subnets; when it starts, it takes them.
    /// </summary>
    /// <param name="key">The subnets to reserve.</param>
    /// <param name="attributes">At least the host's public address.</param>
    public StoredEntry Reserve(SubnetKey key, LeaseAttributes attributes) => Put(key, attributes, timeToLive: null);

    /// <summary>Deletes an entry, whoever holds it.</summary>
    /// <param name="key">The key below the subnets' directory.</param>
    /// <returns>Whether there was such an entry.</returns>
    public bool Delete(string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        lock (_lock)
        {
            if (!_slots.TryGetValue(key, out Slot? slot))
                return false;
            Delete_NeedsLock(slot);
        }

        WakeWatchers();
        return true;
    }

    /// <summary>
    /// Forgets the history up to a revision, as etcd's compaction does: older revisions can no longer be listed, and whoever watches from an older
    /// one gets a snapshot.
    /// </summary>
    /// <param name="revision">The oldest revision to keep; one that lies in the future means the newest.</param>
    public void Compact(long revision)
    {
        lock (_lock)
            _log.Compact(revision);
    }
}

using Etcdserverpb;
using Flannel.Extensibility;
using Flannel.Store.Etcd.Client;
using Google.Protobuf;
using Mvccpb;

namespace Flannel.Store.Etcd;

/// <content>
/// Writes. An answer may get lost after etcd has carried out the request; the client then sends it again, and the second answer, which shows the key
/// as it is, tells whether the first one did it.
/// </content>
internal sealed partial class EtcdLeaseStore
{
    /// <inheritdoc />
    public async Task<StoreWriteResult> CreateAsync(string key, ReadOnlyMemory<byte> value, TimeSpan? timeToLive, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        ThrowIfNotPositive(timeToLive);
        await RevokeLeftOversAsync(cancellationToken).ConfigureAwait(false);
        if (timeToLive is not { } time)
            return await CreateAsync(key, value, default(EtcdLease), cancellationToken).ConfigureAwait(false);

        EtcdLease lease = await GrantAsync(key, time, cancellationToken).ConfigureAwait(false);
        try
        {
            StoreWriteResult result = await CreateAsync(key, value, lease, cancellationToken).ConfigureAwait(false);
            if (!result.Succeeded)
                await ReleaseAsync(lease.Id, cancellationToken).ConfigureAwait(false);
            return result;
        }
        catch
        {
            LeaveOver(lease.Id);
            throw;
        }
    }

    /// <inheritdoc />
    public async Task<StoreWriteResult> UpdateAsync(
        StoredEntry expected, ReadOnlyMemory<byte> value, TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(expected);
        ThrowIfNotPositive(timeToLive);
        await RevokeLeftOversAsync(cancellationToken).ConfigureAwait(false);
        ByteString document = ByteString.CopyFrom(value.Span);
        EtcdReply<TxnResponse> reply =
            await WriteAsync(EtcdTxn.Update(_keys.Of(expected.Key), expected.ModRevision, document), "update", expected.Key, cancellationToken)
                .ConfigureAwait(false);

        KeyValue written;
        if (reply.Value.Succeeded)
        {
            KeyValue before = reply.Value.Responses[0].ResponsePut.PrevKv;
            written = new KeyValue
            {
                Value = document,
                CreateRevision = before.CreateRevision,
                ModRevision = reply.Value.Header.Revision,
                Lease = before.Lease,
            };
        }
        else if (EtcdTxn.Found(reply.Value) is { } found && reply.MayBeRepeat && found.CreateRevision == expected.CreateRevision
            && found.Value == document)
        {
            written = found;
        }
        else
        {
            return Refused(expected.Key, EtcdTxn.Found(reply.Value));
        }

        return await ExtendAsync(Entry(expected.Key, written), written.Lease, timeToLive, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc />
    public async Task<StoreWriteResult> RenewAsync(StoredEntry expected, TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(expected);
        ThrowIfNotPositive(timeToLive);
        await RevokeLeftOversAsync(cancellationToken).ConfigureAwait(false);
        KeyValue? found = await ReadAsync(_keys.Of(expected.Key), _keys.Subnets + expected.Key, cancellationToken).ConfigureAwait(false);
        if (found is null || found.ModRevision != expected.ModRevision)
            return Refused(expected.Key, found);

        // First the lease, so that whoever sees the key written again finds its full time to live.
        StoredEntry entry = Entry(expected.Key, found);
        StoreWriteResult extended = await ExtendAsync(entry, found.Lease, timeToLive, cancellationToken).ConfigureAwait(false);
        bool isWritten = extended.Entry?.ModRevision != entry.ModRevision;
        return _renewal == EtcdRenewal.KeepAlive || !entry.HasTimeToLive || !extended.Succeeded || isWritten
            ? extended
            : await TouchAsync(entry, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc />
    public async Task<StoreWriteResult> ClaimAsync(StoredEntry expected, TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(expected);
        ThrowIfNotPositive(timeToLive);
        await RevokeLeftOversAsync(cancellationToken).ConfigureAwait(false);
        if (!expected.HasTimeToLive)
            return await TouchAsync(expected, cancellationToken).ConfigureAwait(false);

        var seen = new KeyValue
        {
            Value = ByteString.CopyFrom(expected.Value.Span),
            CreateRevision = expected.CreateRevision,
            ModRevision = expected.ModRevision,
            Lease = expected.ClaimId,
        };
        EtcdLease lease = await GrantAsync(expected.Key, timeToLive, cancellationToken).ConfigureAwait(false);
        try
        {
            return await AttachAsync(expected.Key, seen, lease.Id, "claim", cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            LeaveOver(lease.Id);
            if (expected.ClaimId != 0) LeaveOver(expected.ClaimId);
            throw;
        }
    }

    /// <inheritdoc />
    public async Task<StoreWriteResult> DeleteAsync(StoredEntry expected, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(expected);
        await RevokeLeftOversAsync(cancellationToken).ConfigureAwait(false);
        EtcdReply<TxnResponse> reply =
            await WriteAsync(EtcdTxn.Delete(_keys.Of(expected.Key), expected.ModRevision), "delete", expected.Key, cancellationToken)
                .ConfigureAwait(false);
        if (!reply.Value.Succeeded)
        {
            KeyValue? found = EtcdTxn.Found(reply.Value);
            return found is null && reply.MayBeRepeat ? new StoreWriteResult(true, null) : Refused(expected.Key, found);
        }

        if (reply.Value.Responses[0].ResponseDeleteRange.PrevKvs is [{ Lease: not 0 } deleted, ..])
            await ReleaseAsync(deleted.Lease, cancellationToken).ConfigureAwait(false);
        return new StoreWriteResult(true, null);
    }

    private async Task<StoreWriteResult> CreateAsync(string key, ReadOnlyMemory<byte> value, EtcdLease lease, CancellationToken cancellationToken)
    {
        ByteString document = ByteString.CopyFrom(value.Span);
        EtcdReply<TxnResponse> reply =
            await WriteAsync(EtcdTxn.Create(_keys.Of(key), document, lease.Id), "create", key, cancellationToken).ConfigureAwait(false);
        if (reply.Value.Succeeded)
        {
            long revision = reply.Value.Header.Revision;
            return new StoreWriteResult(true, new StoredEntry(key, document.Memory, revision, revision, lease.Id != 0) { ClaimId = lease.Id });
        }

        KeyValue? found = EtcdTxn.Found(reply.Value);
        bool isOurs = reply.MayBeRepeat && found is not null && found.Lease == lease.Id && found.Value == document;
        return isOurs ? new StoreWriteResult(true, Entry(key, found!)) : Refused(key, found);
    }

    /// <summary>Restarts the time to live of a key that stands as given.</summary>
    private async Task<StoreWriteResult> ExtendAsync(StoredEntry entry, long leaseId, TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        if (leaseId == 0)
            return new StoreWriteResult(true, entry);

        string key = _keys.Subnets + entry.Key;
        long granted = await _client.KeepAliveAsync(leaseId, $"keep the etcd lease {leaseId:x} of {key} alive", cancellationToken)
            .ConfigureAwait(false);
        if (granted <= 0)
        {
            // etcd takes the key away together with the lease. A key that is still there unchanged is about to go.
            KeyValue? found = await ReadAsync(_keys.Of(entry.Key), key, cancellationToken).ConfigureAwait(false);
            return Refused(entry.Key, found?.ModRevision == entry.ModRevision ? null : found);
        }

        return granted == Seconds(timeToLive)
            ? new StoreWriteResult(true, entry)
            : await ExchangeAsync(entry, new EtcdLease(leaseId, granted), timeToLive, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Gives a key an etcd lease with another time to live. An etcd lease's own cannot be changed.</summary>
    private async Task<StoreWriteResult> ExchangeAsync(StoredEntry entry, EtcdLease old, TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        EtcdLease lease = await GrantAsync(entry.Key, timeToLive, cancellationToken).ConfigureAwait(false);
        try
        {
            // etcd grants no less than a minimum, so what is asked for and what there is may differ for good.
            if (lease.Seconds == old.Seconds)
            {
                await ReleaseAsync(lease.Id, cancellationToken).ConfigureAwait(false);
                return new StoreWriteResult(true, entry);
            }

            EtcdReply<TxnResponse> reply =
                await WriteAsync(EtcdTxn.Exchange(_keys.Of(entry.Key), entry.ModRevision, lease.Id), "renew", entry.Key, cancellationToken)
                    .ConfigureAwait(false);
            KeyValue? found = reply.Value.Succeeded ? null : EtcdTxn.Found(reply.Value);
            bool isOurs = reply.Value.Succeeded || found?.Lease == lease.Id;
            await ReleaseAsync(isOurs ? old.Id : lease.Id, cancellationToken).ConfigureAwait(false);
            if (!isOurs)
                return Refused(entry.Key, found);
            Log.LeaseExchanged(_logger, _keys.Subnets + entry.Key, old.Seconds, lease.Seconds);
            return new StoreWriteResult(true, entry with { ModRevision = found?.ModRevision ?? reply.Value.Header.Revision, ClaimId = lease.Id });
        }
        catch
        {
            LeaveOver(lease.Id);
            LeaveOver(old.Id);
            throw;
        }
    }

    private async Task<StoreWriteResult> TouchAsync(StoredEntry entry, CancellationToken cancellationToken)
    {
        EtcdReply<TxnResponse> reply =
            await WriteAsync(EtcdTxn.Touch(_keys.Of(entry.Key), entry.ModRevision), "renew", entry.Key, cancellationToken).ConfigureAwait(false);
        if (reply.Value.Succeeded)
            return new StoreWriteResult(true, entry with { ModRevision = reply.Value.Header.Revision });
        KeyValue? found = EtcdTxn.Found(reply.Value);
        bool isOurs = reply.MayBeRepeat && found is not null && found.CreateRevision == entry.CreateRevision
            && found.Value.Span.SequenceEqual(entry.Value.Span);
        return isOurs ? new StoreWriteResult(true, Entry(entry.Key, found!)) : Refused(entry.Key, found);
    }

    private Task<EtcdReply<TxnResponse>> WriteAsync(TxnRequest request, string verb, string key, CancellationToken cancellationToken) =>
        _client.CallAsync(EtcdMethods.Txn, request, $"{verb} {_keys.Subnets}{key}", cancellationToken);

    private static StoreWriteResult Refused(string key, KeyValue? found) => new(false, found is null ? null : Entry(key, found));

    private static long Seconds(TimeSpan timeToLive) => (long)Math.Ceiling(timeToLive.TotalSeconds);

    private static void ThrowIfNotPositive(TimeSpan? timeToLive)
    {
        if (timeToLive is { } value)
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero, nameof(timeToLive));
    }
}

using System.Collections.Concurrent;
using Etcdserverpb;
using Flannel.Extensibility;
using Flannel.Store.Etcd.Client;
using Google.Protobuf;
using Mvccpb;

namespace Flannel.Store.Etcd;

/// <content>What administration needs of a store: one transaction per write.</content>
internal sealed partial class EtcdLeaseStore
{
    // etcd refuses transactions of more than 128 operations unless it is told otherwise.
    private const int MaxOperations = 100;
    private const int ParallelReads = 8;

    /// <inheritdoc />
    public async Task<StoreConfigResult> WriteConfigAsync(ReadOnlyMemory<byte>? document, long? expectedRevision, CancellationToken cancellationToken)
    {
        ByteString? bytes = document is { } given ? ByteString.CopyFrom(given.Span) : null;
        TxnRequest request = (bytes, expectedRevision) switch
        {
            ({ } value, null) => EtcdTxn.Put(_keys.ConfigKey, value),
            ({ } value, { } revision) => EtcdTxn.Put(_keys.ConfigKey, revision, value),
            (null, null) => EtcdTxn.Delete(_keys.ConfigKey),
            (null, { } revision) => EtcdTxn.Delete(_keys.ConfigKey, revision),
        };
        EtcdReply<TxnResponse> reply = await _client.CallAsync(
            EtcdMethods.Txn, request, $"{(bytes is null ? "delete" : "write")} {_keys.Config}", cancellationToken).ConfigureAwait(false);
        if (reply.Value.Succeeded) return new StoreConfigResult(true, bytes?.Memory, bytes is null ? 0 : reply.Value.Header.Revision);

        KeyValue? found = EtcdTxn.Found(reply.Value);
        return new StoreConfigResult(reply.MayBeRepeat && Equals(found?.Value, bytes), found?.Value.Memory, found?.ModRevision ?? 0);
    }

    /// <inheritdoc />
    public async Task<StoreWriteResult> SetTimeToLiveAsync(StoredEntry expected, TimeSpan? timeToLive, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(expected);
        ThrowIfNotPositive(timeToLive);
        await RevokeLeftOversAsync(cancellationToken).ConfigureAwait(false);
        KeyValue? found = await ReadAsync(_keys.Of(expected.Key), _keys.Subnets + expected.Key, cancellationToken).ConfigureAwait(false);
        if (found is null || found.ModRevision != expected.ModRevision)
            return Refused(expected.Key, found);
        if (timeToLive is null && found.Lease == 0)
            return new StoreWriteResult(true, Entry(expected.Key, found));

        EtcdLease lease = timeToLive is { } time ? await GrantAsync(expected.Key, time, cancellationToken).ConfigureAwait(false) : default;
        try
        {
            return await AttachAsync(expected.Key, found, lease.Id, "change the time to live of", cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            foreach (long id in (long[])[lease.Id, found.Lease])
            {
                if (id != 0) LeaveOver(id);
            }

            throw;
        }
    }

    /// <inheritdoc />
    public async Task<IReadOnlyDictionary<string, TimeSpan>> ReadTimesLeftAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(keys);
        var left = new ConcurrentDictionary<string, TimeSpan>(StringComparer.Ordinal);
        foreach (string[] some in keys.Chunk(MaxOperations))
        {
            EtcdReply<TxnResponse> reply = await _client.CallAsync(
                EtcdMethods.Txn, EtcdTxn.ReadLeases(some.Select(_keys.Of)), $"read {some.Length} keys below {_keys.Subnets}", cancellationToken)
                .ConfigureAwait(false);
            IEnumerable<KeyValue> found = reply.Value.Responses.SelectMany(static response => response.ResponseRange.Kvs);
            await Parallel.ForEachAsync(
                found.Where(static key => key.Lease != 0),
                new ParallelOptions { MaxDegreeOfParallelism = ParallelReads, CancellationToken = cancellationToken },
                async (key, token) =>
                {
                    EtcdReply<LeaseTimeToLiveResponse> answer = await _client.CallAsync(
                        EtcdMethods.LeaseTimeToLive, new LeaseTimeToLiveRequest { ID = key.Lease }, $"look at lease {key.Lease:x}", token)
                        .ConfigureAwait(false);
                    if (answer.Value.TTL >= 0) left[_keys.NameOf(key.Key)!] = TimeSpan.FromSeconds(answer.Value.TTL);
                }).ConfigureAwait(false);
        }

        return left;
    }

    /// <summary>Gives a key that stands as found another etcd lease, or none, and sees to it that the one which is of no use any more goes.</summary>
    private async Task<StoreWriteResult> AttachAsync(string key, KeyValue found, long leaseId, string verb, CancellationToken cancellationToken)
    {
        EtcdReply<TxnResponse> reply =
            await WriteAsync(EtcdTxn.Exchange(_keys.Of(key), found.ModRevision, leaseId), verb, key, cancellationToken)
                .ConfigureAwait(false);
        KeyValue? now = reply.Value.Succeeded ? null : EtcdTxn.Found(reply.Value);
        bool isRepeat = reply.MayBeRepeat && now?.CreateRevision == found.CreateRevision && now.Lease == leaseId && now.Value == found.Value;
        bool isOurs = reply.Value.Succeeded || isRepeat;
        long useless = isOurs ? found.Lease : leaseId;
        if (useless != 0)
            await ReleaseAsync(useless, cancellationToken).ConfigureAwait(false);
        if (!isOurs)
            return Refused(key, now);

        long revision = now?.ModRevision ?? reply.Value.Header.Revision;
        return new StoreWriteResult(true, Entry(key, found) with { ModRevision = revision, HasTimeToLive = leaseId != 0, ClaimId = leaseId });
    }
}

using Etcdserverpb;
using Flannel.Extensibility;
using Flannel.Store.Etcd.Client;
using Google.Protobuf;
using Mvccpb;

namespace Flannel.Store.Etcd;

/// <content>
/// Lists, page by page. How much a page holds is not known before: one that is too long is asked for again with half the keys, down to a single one,
/// and a document that is too long by itself is told as unreadable. A page that is still coming when its time is up is asked for again with far fewer
/// keys.
/// </content>
internal sealed partial class EtcdLeaseStore
{
    // One answer with more would be long to wait for and heavy to hold.
    private const int PageSize = 5000;

    // How many times fewer keys are asked for after a page that did not come in time. Each attempt takes that time, and with this the third one asks
    // for a single key; growing again costs nothing.
    private const int SlowCut = 64;

    // A page above this does not make room for a larger one.
    private const int FullPageLength = 16 << 20;

    // No lease's document is longer than this; what is, is kept whole as long as there is room.
    private const int LongDocument = 64 << 10;

    // A list that is compacted away between its pages starts from the beginning; more often than this nobody compacts.
    private const int MaxListAttempts = 3;

    // What was right for the last page is where the next list begins.
    private long _pageSize = PageSize;

    /// <inheritdoc />
    public Task<StoreSnapshot> ListAsync(long? revision, CancellationToken cancellationToken) =>
        ListInPartsAsync(revision, static () => { }, cancellationToken);

    /// <inheritdoc />
    public async Task<StoreSnapshot> ListInPartsAsync(long? revision, Action partCame, CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await ListPagesAsync(revision ?? 0, partCame, cancellationToken).ConfigureAwait(false);
            }
            catch (StoreException error) when (revision is null && error.Kind == StoreErrorKind.Compacted && attempt < MaxListAttempts)
            {
                Log.ListCompacted(_logger, error.Message);
            }
        }
    }

    private async Task<StoreSnapshot> ListPagesAsync(long revision, Action partCame, CancellationToken cancellationToken)
    {
        var entries = new List<StoredEntry>();
        KeyValue? config = null;
        ByteString start = _keys.ConfigKey;
        long limit = Volatile.Read(ref _pageSize);
        bool keysOnly = false;
        long length = 0;
        while (true)
        {
            Volatile.Write(ref _pageSize, limit);
            long askedAt = _time.GetTimestamp();
            var request = new RangeRequest { Key = start, RangeEnd = _keys.RangeEnd, Limit = limit, Revision = revision, KeysOnly = keysOnly };
            RangeResponse page;
            try
            {
                string what = $"list {_keys.Config} and {_keys.Subnets}";
                page = (await _client.CallAsync(EtcdMethods.Range, request, what, canAskForLess: limit > 1, cancellationToken)
                    .ConfigureAwait(false)).Value;
            }
            catch (StoreException error) when (error.IsTooLarge ? !keysOnly : error.IsIncomplete && limit > 1)
            {
                Log.PageTooLarge(_logger, limit, error.Message);
                (limit, keysOnly) = error.IsTooLarge ? (Math.Max(limit / 2, 1), limit == 1) : (Math.Max(limit / SlowCut, 1), false);
                partCame();
                continue;
            }

            partCame();

            // All pages show what the first one shows.
            if (revision == 0)
                revision = page.Header.Revision;
            foreach (KeyValue found in page.Kvs)
            {
                if (_keys.NameOf(found.Key) is { } name)
                {
                    bool isTooMuch = found.Value.Length > LongDocument && length + found.Value.Length > MaxListLength;
                    length += isTooMuch ? 0 : found.Value.Length;
                    entries.Add(
                        keysOnly ? Entry(name, found) with { Unreadable = "its document is longer than the store transfers" }
                        : isTooMuch ? TooMuch(name, found)
                        : Entry(name, found));
                }
                else if (found.Key == _keys.ConfigKey)
                {
                    config = keysOnly ? throw ConfigTooLarge() : found;
                }
            }

            if (!page.More)
                return new StoreSnapshot(entries, revision) { Config = config?.Value.Memory, ConfigRevision = config?.ModRevision ?? 0 };
            start = ByteString.CopyFrom([.. page.Kvs[^1].Key.Span, 0]);
            keysOnly = false;
            bool isQuick = _time.GetElapsedTime(askedAt) < _requestTimeout / 4;
            if (isQuick && page.CalculateSize() < FullPageLength)
                limit = Math.Min(limit * 2, PageSize);
        }
    }

    private static StoredEntry TooMuch(string name, KeyValue found) => Entry(name, found) with
    {
        Value = default,
        Unreadable = $"its document of {found.Value.Length} bytes is too long for a list that holds others like it",
    };

    private StoreException ConfigTooLarge() =>
        new(
            $"The network configuration in etcd key {_keys.Config} is longer than the store transfers; put the right document there.",
            isTransient: true)
        {
            Kind = StoreErrorKind.TooLarge,
        };
}

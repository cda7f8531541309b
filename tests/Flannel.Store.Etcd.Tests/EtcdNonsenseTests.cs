using Etcdserverpb;
using Flannel.Extensibility;
using Flannel.Store.Etcd.Diagnostics;
using Flannel.Store.Etcd.Tests.Lab;
using Flannel.Testing;
using Google.Protobuf;
using Mvccpb;
using static Flannel.Store.Etcd.Tests.Lab.LabStore;
using static Flannel.Store.Etcd.Tests.Lab.RawGrpcServer;

namespace Flannel.Store.Etcd.Tests;

/// <summary>
/// Answers that are valid messages, and yet none that etcd gives: each is one error that names the call, the endpoint and what is wrong.
/// </summary>
public sealed class EtcdNonsenseTests
{
    private static readonly TimeSpan WaitLimit = TimeSpan.FromSeconds(30);
    private static readonly ResponseHeader Header = new() { ClusterId = 1, Revision = 9 };
    private static readonly StoredEntry Stored = new(Key, Bytes("{}"), 5, 7, HasTimeToLive: false);

    private readonly FakeTimeProvider _time = new();

    [Theory]
    [InlineData("an empty message", "the header is missing")]
    [InlineData("no revision", "it shows revision 0")]
    [InlineData("another key", "not asked for")]
    [InlineData("a key twice", "not in order")]
    [InlineData("keys backwards", "not in order")]
    [InlineData("more behind nothing", "more behind a page without keys")]
    public async Task List_AnswerIs_IsOneError(string what, string reason)
    {
        RangeResponse answer = what switch
        {
            "an empty message" => new RangeResponse(),
            "no revision" => new RangeResponse { Header = new ResponseHeader { ClusterId = 1 } },
            "another key" => new RangeResponse { Header = Header, Kvs = { Pair("/registry/secrets") } },
            "a key twice" => new RangeResponse { Header = Header, Kvs = { Pair(Of(1)), Pair(Of(1)) }, More = true },
            "keys backwards" => new RangeResponse { Header = Header, Kvs = { Pair(Of(2)), Pair(Of(1)) }, More = true },
            _ => new RangeResponse { Header = Header, More = true },
        };

        await AssertRefusedAsync(answer, $"list {Prefix}/config", reason, store => store.ListAsync(null, CancellationToken.None));
    }

    [Fact]
    public async Task List_EveryPageIsTheFirst_IsAnError()
    {
        var page = new RangeResponse { Header = Header, Kvs = { Pair(Of(1)), Pair(Of(2)) }, More = true };

        await AssertRefusedAsync(page, $"list {Prefix}/config", "not asked for", store => store.ListAsync(null, CancellationToken.None), requests: 2);
    }

    [Theory]
    [InlineData("an empty message", "the header is missing")]
    [InlineData("success without responses", "1 operations have 0 answers")]
    [InlineData("too many responses", "1 operations have 2 answers")]
    [InlineData("a response that is none", "RequestPut has None")]
    [InlineData("another kind of response", "RequestPut has ResponseRange")]
    [InlineData("no key before the update", "the key as it was is missing")]
    [InlineData("failure without responses", "1 operations have 0 answers")]
    [InlineData("failure with another key", "not asked for")]
    public async Task Update_AnswerIs_IsOneError(string what, string reason)
    {
        var put = new ResponseOp { ResponsePut = new PutResponse { PrevKv = Pair(Of(1)) } };
        TxnResponse answer = what switch
        {
            "an empty message" => new TxnResponse(),
            "success without responses" => new TxnResponse { Header = Header, Succeeded = true },
            "too many responses" => new TxnResponse { Header = Header, Succeeded = true, Responses = { put, put } },
            "a response that is none" => new TxnResponse { Header = Header, Succeeded = true, Responses = { new ResponseOp() } },
            "another kind of response" => new TxnResponse { Header = Header, Succeeded = true, Responses = { Range() } },
            "no key before the update" => new TxnResponse
            {
                Header = Header,
                Succeeded = true,
                Responses = { new ResponseOp { ResponsePut = new PutResponse() } },
            },
            "failure without responses" => new TxnResponse { Header = Header },
            _ => new TxnResponse { Header = Header, Responses = { Range(Pair(Of(2))) } },
        };

        await AssertRefusedAsync(answer, $"update {Prefix}/subnets/{Key}", reason, store => store.UpdateAsync(Stored, Bytes("{}"), Hour, default));
    }

    [Fact]
    public async Task DeleteOrWriteConfig_SuccessWithoutResponses_IsOneError()
    {
        var answer = new TxnResponse { Header = Header, Succeeded = true };

        await AssertRefusedAsync(answer, "delete", "1 operations have 0 answers", store => store.DeleteAsync(Stored, default));
        await AssertRefusedAsync(answer, "write", "1 operations have 0 answers", store => store.WriteConfigAsync(Bytes("{}"), 3, default));
        await AssertRefusedAsync(answer, "read", "1 operations have 0 answers", store => store.ReadTimesLeftAsync([Key], default));
    }

    [Theory]
    [InlineData("an empty message", "the header is missing")]
    [InlineData("no time", "for no time")]
    [InlineData("another lease", "it is about lease")]
    public async Task Create_LeaseGrantedIs_IsOneError(string what, string reason)
    {
        LeaseGrantResponse answer = what switch
        {
            "an empty message" => new LeaseGrantResponse(),
            "no time" => new LeaseGrantResponse { Header = Header, ID = 1 },
            _ => new LeaseGrantResponse { Header = Header, ID = 1, TTL = 10 },
        };

        // The number is the store's, so that a fixed answer is always about another one.
        await AssertRefusedAsync(answer, "grant a lease for", reason, store => store.CreateAsync(Key, Bytes("{}"), Hour, default));
    }

    [Fact]
    public async Task Read_LeaseHasAllTheTime_IsOneError()
    {
        var keys = new TxnResponse { Header = Header, Succeeded = true, Responses = { Range(new KeyValue(Pair(Of(1))) { Lease = 5 }) } };
        var lease = new LeaseTimeToLiveResponse { Header = Header, ID = 5, TTL = long.MaxValue };
        int requests = 0;
        await using var server = new RawGrpcServer(
            stream => [.. Start(stream), .. Body(stream, Envelope(requests++ == 0 ? keys : lease)), .. End(stream)]);
        await using EtcdLeaseStore store = Open(options => options.Endpoints = [server.Endpoint], time: _time);

        StoreException error = await Assert.ThrowsAnyAsync<StoreException>(() => store.ReadTimesLeftAsync([Key], default).WaitAsync(WaitLimit));

        Assert.Equal(StoreErrorKind.UnexpectedAnswer, error.Kind);
        Assert.Contains("look at lease 5", error.Message, StringComparison.Ordinal);
        Assert.Contains("9223372036854775807 s", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Login_AnswerWithoutToken_IsOneError()
    {
        await AssertRefusedAsync(
            new AuthenticateResponse(), "list", "the header is missing", store => store.ListAsync(null, default), user: "flannel");
        await AssertRefusedAsync(
            new AuthenticateResponse { Header = Header }, "list", "the token is empty", store => store.ListAsync(null, default), user: "flannel");
    }

    [Theory]
    [InlineData("an empty message", "the header is missing")]
    [InlineData("an event without a key", "an event has no key")]
    [InlineData("no watch", "no answer to having asked")]
    public async Task Watch_FirstAnswerIs_IsOneError(string what, string reason)
    {
        WatchResponse answer = what switch
        {
            "an empty message" => new WatchResponse(),
            "an event without a key" => new WatchResponse { Header = Header, Created = true, Events = { new Event() } },
            _ => new WatchResponse { Header = Header, Events = { new Event { Kv = Pair(Of(1)) } } },
        };

        await AssertRefusedAsync(answer, $"watch {Prefix}/subnets/", reason, async store => await NextAsync(store, 0, CancellationToken.None));
    }

    [Theory]
    [InlineData("an empty message", "the header is missing")]
    [InlineData("an event without a key", "an event has no key")]
    public async Task Watch_LaterAnswerIs_IsOpenedAgainWhereItWas(string what, string reason)
    {
        var created = new WatchResponse { Header = Header, Created = true };
        var change = new WatchResponse { Header = Header, Events = { new Event { Kv = Pair(Of(1)) } } };
        WatchResponse nonsense = what == "an empty message" ? new WatchResponse() : new WatchResponse { Header = Header, Events = { new Event() } };
        int opened = 0;
        await using var server = new RawGrpcServer(
            stream => [.. Start(stream), .. Body(stream, Envelope(created)), .. Body(stream, Envelope(opened++ == 0 ? nonsense : change))]);
        var logger = new ListLogger();
        await using EtcdLeaseStore store = Open(options => options.Endpoints = [server.Endpoint], logger: logger, time: _time);

        StoreChanges? first = null;
        await foreach (StoreEvent next in store.WatchAsync(0, CancellationToken.None))
        {
            first = Assert.IsType<StoreChanges>(next);
            if (first.Changes.Count > 0)
                break;
        }

        Assert.Equal(Key, Assert.Single(first!.Changes).Key);
        Assert.Equal(2, server.Requests);
        Assert.Contains(logger.Messages, message => message.Contains(reason, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Watch_PiecesWithoutEnd_AreGivenUpForAList()
    {
        var created = new WatchResponse { Header = Header, Created = true };
        var piece = new WatchResponse { Header = Header, Fragment = true, Events = { new Event { Kv = Pair(Of(1), new string('x', 2000)) } } };
        var list = new RangeResponse { Header = Header, Kvs = { Pair(Of(2)) } };
        int requests = 0;
        await using var server = new RawGrpcServer(stream => ++requests == 2
            ? [.. Start(stream), .. Body(stream, Envelope(list)), .. End(stream)]
            : [
                .. Start(stream),
                .. Body(stream, Envelope(created)),
                .. Enumerable.Repeat(Body(stream, Envelope(piece)), 8).SelectMany(static bytes => bytes),
            ]);
        var logger = new ListLogger();
        await using var store = new EtcdLeaseStore(
            new EtcdStoreOptions { Prefix = Prefix, Endpoints = [server.Endpoint] }, _time, new Random(), logger, new EtcdMetrics(null, ""))
        {
            MaxPieces = 10_000,
        };

        var snapshot = Assert.IsType<StoreSnapshot>(await NextAsync(store, 0, CancellationToken.None).WaitAsync(WaitLimit));

        Assert.Equal("10.5.2.0-24", Assert.Single(snapshot.Entries).Key);
        Assert.Contains(logger.Messages, message => message.Contains("longer than is accepted", StringComparison.Ordinal));
    }

    private async Task AssertRefusedAsync(
        IMessage answer, string call, string reason, Func<EtcdLeaseStore, Task> act, int requests = 1, string? user = null)
    {
        await using var server = new RawGrpcServer(stream => [.. Start(stream), .. Body(stream, Envelope(answer)), .. End(stream)]);
        await using EtcdLeaseStore store = Open(
            options => (options.Endpoints, options.Username, options.Password) = ([server.Endpoint], user, user is null ? null : "secret"),
            time: _time);

        StoreException error = await Assert.ThrowsAnyAsync<StoreException>(() => act(store).WaitAsync(WaitLimit));

        Assert.Equal(StoreErrorKind.UnexpectedAnswer, error.Kind);
        Assert.Contains(call, error.Message, StringComparison.Ordinal);
        Assert.Contains(server.Endpoint, error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.Equal(requests, server.Requests);
    }

    private static async Task<StoreEvent> NextAsync(EtcdLeaseStore store, long revision, CancellationToken cancellationToken)
    {
        await foreach (StoreEvent next in store.WatchAsync(revision, cancellationToken))
            return next;
        throw new InvalidOperationException("the watch ended");
    }

    private static byte[] Envelope(IMessage message) => Message(message.ToByteArray());

    private static ResponseOp Range(params KeyValue[] found) => new() { ResponseRange = new RangeResponse { Header = Header, Kvs = { found } } };

    private static string Of(int number) => $"{Prefix}/subnets/10.5.{number}.0-24";

    private static KeyValue Pair(string key, string value = "{}") =>
        new() { Key = ByteString.CopyFromUtf8(key), Value = ByteString.CopyFromUtf8(value), CreateRevision = 5, ModRevision = 7 };
}

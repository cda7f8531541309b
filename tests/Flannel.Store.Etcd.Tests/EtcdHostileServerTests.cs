using Etcdserverpb;
using Flannel.Extensibility;
using Flannel.Store.Etcd.Tests.Lab;
using Flannel.Testing;
using Google.Protobuf;
using static Flannel.Store.Etcd.Tests.Lab.LabStore;
using static Flannel.Store.Etcd.Tests.Lab.RawGrpcServer;

namespace Flannel.Store.Etcd.Tests;

/// <summary>
/// Answers that no etcd gives: each is one error that says what was wrong, after one request, and nothing waits for ever. The store's clock stands
/// still, so that no deadline of ours helps.
/// </summary>
public sealed class EtcdHostileServerTests
{
    private static readonly TimeSpan WaitLimit = TimeSpan.FromSeconds(30);

    private static readonly byte[] Ok = Message(new RangeResponse { Header = new ResponseHeader { ClusterId = 1, Revision = 1 } }.ToByteArray());
    private static readonly byte[] Created = Message(
        new WatchResponse { Header = new ResponseHeader { ClusterId = 1, Revision = 1 }, Created = true }.ToByteArray());

    private readonly FakeTimeProvider _time = new();

    public static TheoryData<string, string> Answers { get; } = new()
    {
        { "nothing but headers", "without a status" },
        { "no trailers", "without a status" },
        { "a status that is no number", "no gRPC status" },
        { "a status that is none", "no gRPC status" },
        { "a status below all", "no gRPC status" },
        { "a text that is not encoded properly", "%zz" },
        { "success without a message", "success without an answer" },
        { "success in the headers", "success without an answer" },
        { "two messages", "malformed" },
        { "a message that is cut off", "malformed" },
        { "a message's header that is cut off", "malformed" },
        { "a message above the limit", "longer than is accepted" },
        { "a message of 4 GiB", "malformed" },
        { "a compressed message", "compressed" },
        { "a message that cannot be decoded", "cannot be decoded" },
        { "an empty message", "the header is missing" },
        { "garbage in the body", "malformed" },
        { "garbage in place of frames", "broke" },
        { "a frame that is too long", "broke" },
        { "a reset", "broke" },
        { "a refused stream", "refused the stream" },
        { "a cancelled stream", "cancelled the stream" },
        { "a farewell", "closed the connection" },
        { "another type of content", "is it etcd's client port" },
        { "another HTTP status", "503" },
    };

    /// <summary>A stream may end with success, and may have any number of messages.</summary>
    public static TheoryData<string, string> StreamAnswers
    {
        get
        {
            var answers = new TheoryData<string, string>();
            foreach (object[] answer in Answers)
            {
                (string what, string reason) = ((string)answer[0], (string)answer[1]);
                if (what != "two messages")
                    answers.Add(what, what.StartsWith("success", StringComparison.Ordinal) ? "ended the stream" : reason);
            }

            return answers;
        }
    }

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task List_AnswerIs_IsOneErrorAfterOneRequest(string what, string reason)
    {
        await using var server = new RawGrpcServer(stream => Answer(what, stream, Ok));
        await using EtcdLeaseStore store = Open(options => options.Endpoints = [server.Endpoint], time: _time);

        StoreException error = await Assert.ThrowsAnyAsync<StoreException>(() => store.ListAsync(null, CancellationToken.None).WaitAsync(WaitLimit));

        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        // What is too long is asked for again: 5,000 keys, half of them and so on down to one, and that one without its document.
        Assert.Equal(what == "a message above the limit" ? 14 : 1, server.Requests);
    }

    [Theory]
    [MemberData(nameof(StreamAnswers))]
    public async Task Watch_AnswerIs_IsOneErrorAfterOneRequest(string what, string reason)
    {
        await using var server = new RawGrpcServer(stream => Answer(what, stream, Created));
        await using EtcdLeaseStore store = Open(options => options.Endpoints = [server.Endpoint], time: _time);

        StoreException error = await Assert.ThrowsAnyAsync<StoreException>(() => NextAsync(store).WaitAsync(WaitLimit));

        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_ConnectionEndsInsideTheAnswer_IsOneErrorAfterOneRequest()
    {
        await using var server = new RawGrpcServer(stream => [.. Start(stream), .. Body(stream, Ok[..4])], closes: true);
        await using EtcdLeaseStore store = Open(options => options.Endpoints = [server.Endpoint], time: _time);

        StoreException error = await Assert.ThrowsAnyAsync<StoreException>(() => store.ListAsync(null, CancellationToken.None).WaitAsync(WaitLimit));

        Assert.True(error.IsTransient);
        Assert.Contains("broke", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, server.Requests);
    }

    [Fact]
    public async Task List_OneEndpointCutsItsAnswer_EachIsAskedOnce()
    {
        await using var cut = new RawGrpcServer(stream => [.. Start(stream), .. Body(stream, Ok[..4])], closes: true);
        await using var good = new RawGrpcServer(stream => [.. Start(stream), .. Body(stream, Ok), .. End(stream)]);
        int cutFirst = 0;
        // The order is drawn at random; whichever comes first, nobody is asked twice.
        for (int round = 0; round < 8 || (cutFirst == 0 && round < 64); round++)
        {
            (int cuts, int goods) = (cut.Requests, good.Requests);
            await using EtcdLeaseStore store = Open(options => options.Endpoints = [cut.Endpoint, good.Endpoint], time: _time);
            await store.ListAsync(null, CancellationToken.None).WaitAsync(WaitLimit);
            Assert.InRange(cut.Requests - cuts, 0, 1);
            Assert.Equal(1, good.Requests - goods);
            cutFirst += cut.Requests - cuts;
        }

        Assert.True(cutFirst > 0, "the endpoint that cuts was asked first at least once");
    }

    [Fact]
    public async Task List_SlowBodyOfTheFirstAnswer_HasTheWholeTimeout()
    {
        // The headers alone show that somebody is there: the short patience with an address that never answered is over.
        await using var server = new RawGrpcServer(Start);
        await using EtcdLeaseStore store = Open(
            options => (options.Endpoints, options.RequestTimeout) = ([server.Endpoint], TimeSpan.FromSeconds(20)), time: _time);
        TimeSpan start = _time.Elapsed;
        Task<StoreSnapshot> list = store.ListAsync(null, CancellationToken.None);
        await _time.WaitForTimerAsync(TimeSpan.FromSeconds(20)).WaitAsync(WaitLimit);

        _time.Advance(TimeSpan.FromSeconds(19));
        Assert.False(list.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));

        StoreException error = await Assert.ThrowsAnyAsync<StoreException>(() => list.WaitAsync(WaitLimit));
        Assert.Contains("no answer within 20 s", error.Message, StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromSeconds(20), _time.Elapsed - start);
    }

    [Fact]
    public async Task Watch_BreaksAgainAndAgain_PausesBeforeTheThirdAttempt()
    {
        await using var server = new RawGrpcServer(
            stream => [.. Start(stream), .. Body(stream, Created), .. Body(stream, [0xff, 0, 0, 0, 0], isLast: true)]);
        await using EtcdLeaseStore store = Open(options => options.Endpoints = [server.Endpoint], time: _time);
        using var stop = new CancellationTokenSource();

        Task next = NextAsync(store, stop.Token);
        await Follower.UntilAsync(() => server.Requests == 2, "the second attempt");
        await Task.WhenAny(next, _time.WaitForTimersAsync(1));

        Assert.False(next.IsCompleted);
        Assert.Equal(2, server.Requests);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next.WaitAsync(WaitLimit));
    }

    private static byte[] Answer(string what, int stream, byte[] good) => what switch
    {
        "nothing but headers" => Headers(stream, isLast: true, (":status", "200"), ("content-type", "application/grpc")),
        "no trailers" => [.. Start(stream), .. Body(stream, [], isLast: true)],
        "a status that is no number" => [.. Start(stream), .. End(stream, "many")],
        "a status that is none" => [.. Start(stream), .. End(stream, "99")],
        "a status below all" => [.. Start(stream), .. End(stream, "-1")],
        "a text that is not encoded properly" => [.. Start(stream), .. End(stream, "14", "%zz")],
        "success without a message" => [.. Start(stream), .. End(stream)],
        "success in the headers" => Headers(stream, isLast: true, (":status", "200"), ("content-type", "application/grpc"), ("grpc-status", "0")),
        "two messages" => [.. Start(stream), .. Body(stream, good), .. Body(stream, good, isLast: true)],
        "a message that is cut off" => [.. Start(stream), .. Body(stream, good[..^1], isLast: true)],
        "a message's header that is cut off" => [.. Start(stream), .. Body(stream, good[..3], isLast: true)],
        "a message above the limit" => [.. Start(stream), .. Body(stream, Message([1], length: (64 << 20) + 1))],
        "a message of 4 GiB" => [.. Start(stream), .. Body(stream, Message([1], length: uint.MaxValue))],
        "a compressed message" => [.. Start(stream), .. Body(stream, Message(good, flag: 1), isLast: true)],
        "a message that cannot be decoded" => [.. Start(stream), .. Body(stream, Message([0x0a, 0xff])), .. End(stream)],
        "an empty message" => [.. Start(stream), .. Body(stream, Message([])), .. End(stream)],
        "garbage in the body" => [.. Start(stream), .. Body(stream, [0x47, 0x45, 0x54, 0x20, 0x2f], isLast: true)],
        "garbage in place of frames" => [.. Start(stream), .. "HTTP/1.1 500 Internal Server Error\r\n\r\nsomething broke"u8],
        "a frame that is too long" => [.. Start(stream), 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, (byte)stream],
        "a reset" => [.. Start(stream), .. Frame(3, 0, stream, [0, 0, 0, 2])],
        "a refused stream" => [.. Start(stream), .. Frame(3, 0, stream, [0, 0, 0, 7])],
        "a cancelled stream" => [.. Start(stream), .. Frame(3, 0, stream, [0, 0, 0, 8])],
        "a farewell" => [.. Start(stream), .. Frame(7, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0])],
        "another type of content" => [
            .. Headers(stream, isLast: false, (":status", "200"), ("content-type", "text/html")), .. Body(stream, [], isLast: true)
        ],
        "another HTTP status" => Headers(stream, isLast: true, (":status", "503")),
        _ => throw new ArgumentOutOfRangeException(nameof(what), what, null),
    };

    private static async Task NextAsync(EtcdLeaseStore store, CancellationToken cancellationToken = default)
    {
        await foreach (StoreEvent result in store.WatchAsync(0, cancellationToken))
            Assert.Empty(Assert.IsType<StoreChanges>(result).Changes);
    }
}

using Etcdserverpb;
using Flannel.Lab.Etcd;
using Flannel.Store.Etcd.Tests.Lab;
using Flannel.Testing;
using Google.Protobuf;
using Mvccpb;
using static Flannel.Store.Etcd.Tests.Lab.LabStore;
using static Flannel.Store.Etcd.Tests.Lab.RawGrpcServer;

namespace Flannel.Store.Etcd.Tests;

/// <summary>
/// Slow servers and connections: what comes is waited for, in parts that end in time, also by those who use the store with a limit of their own.
/// </summary>
public sealed class EtcdSlowTests
{
    private static readonly TimeSpan WaitLimit = TimeSpan.FromSeconds(30);

    private readonly FakeTimeProvider _time = new();
    private int _requests;

    [SkippableFact]
    public async Task List_MoreThanComesInTime_IsWhole()
    {
        const int Count = 65;
        await using EtcdServer server = await EtcdServer.StartAsync();
        await using var relay = new TcpRelay(server.Endpoints[0]);
        var logger = new ListLogger();
        await using EtcdLeaseStore writing = Open(server);
        await using EtcdLeaseStore store = Open(options => options.Endpoints = [relay.Endpoint], logger: logger);
        string large = new('x', 1 << 20);
        for (int number = 0; number < Count; number++)
            await writing.CreateAsync($"10.5.{number}.0-24", large);

        // 40 Mbit/s: 8 s for half of it, which is the largest message.
        relay.Narrow(5_000_000);
        IReadOnlyList<StoredLease> list = await IFlannelAdministration.Over(store).ListLeasesAsync();

        Assert.Equal(Count, list.Count);
        Assert.Contains(logger.Messages, message => message.Contains("no answer within 5 s but a part of it", StringComparison.Ordinal));

        // The next list begins with what was right for this one.
        relay.Narrow(0);
        logger.Messages.Clear();
        Assert.Equal(Count, (await store.ListAsync(null, CancellationToken.None)).Entries.Count(entry => entry.Value.Length == large.Length));
        Assert.DoesNotContain(logger.Messages, message => message.Contains("asking for less at once", StringComparison.Ordinal));
    }

    [Fact]
    public async Task List_PagesTakeLongTogether_IsWaitedForAsLongAsTheyCome()
    {
        const int Pages = 9;
        await using var server = new RawGrpcServer(stream =>
        {
            _time.Advance(TimeSpan.FromSeconds(2));
            int page = ++_requests;
            return Answer(stream, $"{Prefix}/subnets/10.5.{page}.0-24", hasMore: page < Pages);
        });
        await using EtcdLeaseStore store = Open(
            options => (options.Endpoints, options.RequestTimeout) = ([server.Endpoint], TimeSpan.FromSeconds(3)), time: _time);
        IFlannelAdministration administration = IFlannelAdministration.Over(new FaultyLeaseStore(store), _time);

        IReadOnlyList<StoredLease> list = await administration.ListLeasesAsync().WaitAsync(WaitLimit);

        Assert.Equal(Pages, list.Count);
        Assert.Equal(TimeSpan.FromSeconds(2 * Pages), _time.Elapsed);
    }

    [Fact]
    public async Task List_AnswerComesWithinALongRequestTimeout_IsWaitedFor()
    {
        await using var server = new RawGrpcServer(stream =>
        {
            // The first one shows that somebody is there.
            if (++_requests > 1)
                _time.Advance(TimeSpan.FromSeconds(50));
            return Answer(stream, $"{Prefix}/subnets/{Key}", hasMore: false);
        });
        await using EtcdLeaseStore store = Open(
            options => (options.Endpoints, options.RequestTimeout) = ([server.Endpoint], TimeSpan.FromSeconds(60)), time: _time);
        IFlannelAdministration administration = IFlannelAdministration.Over(store, _time);
        await administration.ListLeasesAsync().WaitAsync(WaitLimit);

        Assert.Single(await administration.ListLeasesAsync().WaitAsync(WaitLimit));
    }

    private static byte[] Answer(int stream, string key, bool hasMore)
    {
        var answer = new RangeResponse
        {
            Header = new ResponseHeader { ClusterId = 1, Revision = 9 },
            Kvs = { new KeyValue { Key = ByteString.CopyFromUtf8(key), Value = ByteString.CopyFromUtf8("{}"), CreateRevision = 5, ModRevision = 7 } },
            More = hasMore,
        };
        return [.. Start(stream), .. Body(stream, Message(answer.ToByteArray())), .. End(stream)];
    }
}

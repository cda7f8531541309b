using System.Net;
using Etcdserverpb;
using Flannel.Extensibility;
using Flannel.Lab.Stores;
using Flannel.Store.Etcd.Diagnostics;
using Flannel.Store.Etcd.Tests.Lab;
using Flannel.Store.Etcd.Transport;
using Flannel.Testing;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using static Flannel.Store.Etcd.Tests.Lab.RawGrpcServer;

namespace Flannel.Store.Etcd.Tests;

/// <summary>Names with several addresses: one that answers is enough, and what is said when none does.</summary>
public sealed class EtcdNameTests
{
    private static readonly TimeSpan HeadStart = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan WaitLimit = TimeSpan.FromSeconds(30);
    private static readonly IPAddress Second = IPAddress.Parse("127.0.0.2"), Third = IPAddress.Parse("127.0.0.3");

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Name_FirstAddressIsSilent_TheNextOneIsAskedAfterAMoment()
    {
        await using RawGrpcServer server = Serve();
        using var silent = new SilentListener(Second, new Uri(server.Endpoint).Port);
        await using EtcdLeaseStore store = Open(silent.Port, Second, IPAddress.Loopback);

        Task<StoreSnapshot> list = store.ListAsync(null, CancellationToken.None);
        await _time.WaitForTimerAsync(HeadStart);
        _time.Advance(HeadStart);

        Assert.Equal(9, (await list.WaitAsync(WaitLimit)).Revision);
        Assert.Equal(HeadStart, _time.Elapsed);
    }

    [Fact]
    public async Task Name_FirstAddressesAreRefused_TheNextOneIsAskedAtOnce()
    {
        await using RawGrpcServer server = Serve();
        await using EtcdLeaseStore store = Open(new Uri(server.Endpoint).Port, Second, IPAddress.IPv6Loopback, Third, IPAddress.Loopback);

        Assert.Equal(9, (await store.ListAsync(null, CancellationToken.None).WaitAsync(WaitLimit)).Revision);
        Assert.Equal(TimeSpan.Zero, _time.Elapsed);
    }

    [Fact]
    public async Task Name_EveryAddressIsSilent_AreNamed()
    {
        using var silent = new SilentListener(Second);
        using var other = new SilentListener(Third, silent.Port);
        await using EtcdLeaseStore store = Open(silent.Port, Second, Third);

        Task<StoreSnapshot> list = store.ListAsync(null, CancellationToken.None);
        await _time.WaitForTimerAsync(HeadStart);
        _time.Advance(HeadStart);

        await AssertFailsAsync(list, "cannot connect: no answer (127.0.0.2), no answer (127.0.0.3)");
    }

    [Fact]
    public async Task Name_CallIsOverBeforeAnAddressAnswers_AreNamed()
    {
        using var silent = new SilentListener(Second);
        await using EtcdLeaseStore store = Open(silent.Port, Second, IPAddress.Loopback);

        Task<StoreSnapshot> list = store.ListAsync(null, CancellationToken.None);
        await _time.WaitForTimerAsync(HeadStart);
        _time.Advance(TimeSpan.FromSeconds(2.5));

        await AssertFailsAsync(list, "(127.0.0.2", "127.0.0.1)");
    }

    [Fact]
    public async Task Name_EveryAddressRefuses_AreNamed()
    {
        await using EtcdLeaseStore store = Open(port: 1, Second, IPAddress.IPv6Loopback, Third);

        await AssertFailsAsync(
            store.ListAsync(null, CancellationToken.None),
            "cannot connect: Connection refused (127.0.0.2), ",
            " (::1), Connection refused (127.0.0.3)");
    }

    private static async Task AssertFailsAsync(Task<StoreSnapshot> list, params string[] words)
    {
        StoreException error = await Assert.ThrowsAnyAsync<StoreException>(() => list.WaitAsync(WaitLimit));
        Assert.True(error.IsTransient);
        Assert.All(words, word => Assert.True(error.Message.Contains(word, StringComparison.Ordinal), error.Message));
    }

    private static RawGrpcServer Serve() => new(stream =>
    [
        .. Start(stream),
        .. Body(stream, Message(new RangeResponse { Header = new ResponseHeader { ClusterId = 1, Revision = 9 } }.ToByteArray())),
        .. End(stream),
    ]);

    private EtcdLeaseStore Open(int port, params IPAddress[] addresses)
    {
        // The deadline that a server is told and the time to connect in run on the machine's clock. The latter has to be over first, and the machine
        // may be busy.
        var options = new EtcdStoreOptions { Endpoints = [$"http://etcd.example:{port}"], RequestTimeout = TimeSpan.FromMinutes(1) };
        options.ConfigureHandler(static handler => handler.ConnectTimeout = TimeSpan.FromSeconds(5));
        return new EtcdLeaseStore(
            options,
            _time,
            new Random(),
            NullLogger<EtcdLeaseStore>.Instance,
            new EtcdMetrics(null, ""),
            new GrpcTransportOptions { Resolve = (_, _) => Task.FromResult(addresses) });
    }
}

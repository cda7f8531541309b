using System.Net;
using System.Net.Sockets;
using System.Text;
using Etcdserverpb;
using Flannel.Extensibility;
using Flannel.Lab.Etcd;
using Flannel.Store.Etcd.Client;
using Flannel.Store.Etcd.Diagnostics;
using Flannel.Store.Etcd.Transport;
using Flannel.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using static Flannel.Store.Etcd.Tests.Lab.LabStore;

namespace Flannel.Store.Etcd.Tests;

/// <summary>
/// Endpoints that are not what they should be: reported within 3 s of the first call, with the endpoint, the key and the reason. The store's clock
/// stands still in these tests unless they move it, so what fails by itself needs no deadline.
/// </summary>
public sealed class EtcdUnreachableTests
{
    private static readonly TimeSpan ReportLimit = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan WaitLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FirstAnswerLimit = TimeSpan.FromSeconds(2.5);
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(5);

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Endpoint_NobodyListens_IsReportedAsTransient()
    {
        // Bound and not listening: connections are refused, and nobody else gets the port.
        using var bound = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        bound.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        string endpoint = $"http://{bound.LocalEndPoint}";

        StoreException error = await FailAsync(endpoint, "http://127.0.0.1:1");

        Assert.True(error.IsTransient);
        Assert.Contains("refused", error.Message, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(endpoint, error.Message, StringComparison.Ordinal);
        Assert.Contains("http://127.0.0.1:1:", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Endpoints_AcceptAndAreSilent_AreReportedWithinThreeSeconds(int count)
    {
        TcpListener[] listeners = [.. Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0))];
        Array.ForEach(listeners, listener => listener.Start());
        await using EtcdLeaseStore store = Open(
            options => options.Endpoints = [.. listeners.Select(listener => $"http://{listener.LocalEndpoint}")], time: _time);

        await FailAfterAsync(store, Enumerable.Repeat(FirstAnswerLimit / count, count));

        Assert.True(_time.Elapsed <= ReportLimit, $"it took {_time.Elapsed}");
        Array.ForEach(listeners, listener => listener.Dispose());
    }

    [Fact]
    public async Task Endpoint_AcceptsAndIsSilentAgainAndAgain_GetsMoreTimeForItsFirstAnswer()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using EtcdLeaseStore store = Open(options => options.Endpoints = [$"http://{listener.LocalEndpoint}"], time: _time);

        await FailAfterAsync(store, FirstAnswerLimit);
        await FailAfterAsync(store, 2 * FirstAnswerLimit);
        // Up to what the options allow: a server that is slow is not shut out.
        await FailAfterAsync(store, RequestTimeout);
    }

    [Fact]
    public async Task Endpoint_SilentOnOneConnectionAfterTheOther_GetsMoreTimeOnEach()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var metrics = new EtcdMetrics(null, "");
        var connection = new EtcdConnection(
            new EtcdStoreOptions { Endpoints = [$"http://{listener.LocalEndpoint}"] }, _time, new Random(1), NullLogger.Instance, metrics);
        EtcdEndpoint endpoint = Assert.Single(connection.Endpoints.InOrder());

        foreach (TimeSpan patience in (TimeSpan[])[FirstAnswerLimit, 2 * FirstAnswerLimit, 4 * FirstAnswerLimit])
        {
            GrpcTransport transport = connection.GetTransport(endpoint);
            Task<RangeResponse> call = transport.CallAsync(
                EtcdMethods.Range, new RangeRequest(), token: null, TimeSpan.FromHours(1), metrics, CancellationToken.None);
            await _time.WaitForTimerAsync(patience);
            _time.Advance(patience);
            await Assert.ThrowsAsync<GrpcException>(() => call.WaitAsync(WaitLimit));
            connection.Reset();
            Assert.NotSame(transport, connection.GetTransport(endpoint));
        }

        await connection.ReleaseAsync();
    }

    [SkippableFact]
    public async Task Endpoint_FrozenAfterItAnswered_HasTheWholeTimeout()
    {
        await using EtcdServer server = await EtcdServer.StartAsync();
        await using EtcdLeaseStore store = Open(options => options.Endpoints = server.Endpoints, time: _time);
        await store.ListAsync(null, CancellationToken.None);

        await server.Members[0].FreezeAsync();

        await FailAfterAsync(store, RequestTimeout);
    }

    [Fact]
    public async Task Endpoint_IsAWebServer_IsReported()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task serving = ServeAsync(listener);
        string endpoint = $"http://{listener.LocalEndpoint}";

        StoreException error = await FailAsync(endpoint);

        Assert.Contains($"{endpoint}: ", error.Message, StringComparison.Ordinal);
        Assert.Contains("is it etcd's client port", error.Message, StringComparison.Ordinal);
        await serving.WaitAsync(WaitLimit);

        static async Task ServeAsync(TcpListener listener)
        {
            using TcpClient client = await listener.AcceptTcpClientAsync();
            await client.GetStream().ReadExactlyAsync(new byte[16]);
            await client.GetStream()
                .WriteAsync(Encoding.ASCII.GetBytes("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
        }
    }

    [SkippableFact]
    public async Task Endpoint_IsEtcdsPlainOrMetricsPort_IsReported()
    {
        await using EtcdServer server = await EtcdServer.StartAsync();
        string tls = server.Endpoints[0].Replace("http:", "https:", StringComparison.Ordinal);

        StoreException plain = await FailAsync(tls);
        StoreException metrics = await FailAsync(server.Members[0].MetricsEndpoint);

        Assert.Contains("TLS failed", plain.Message, StringComparison.Ordinal);
        Assert.Contains(server.Members[0].MetricsEndpoint, metrics.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Endpoint_WantsTlsButTheAddressSaysHttp_IsReported()
    {
        using var certificates = new EtcdCertificates();
        await using EtcdServer server = await EtcdServer.StartAsync(new EtcdOptions { Certificates = certificates });
        string plain = server.Endpoints[0].Replace("https:", "http:", StringComparison.Ordinal);

        StoreException error = await FailAsync(plain);

        Assert.Contains($"{plain}: ", error.Message, StringComparison.Ordinal);
        Assert.Contains("does it want https", error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Certificate_Expired_IsReportedForGood()
    {
        using var certificates = new EtcdCertificates();
        await using EtcdServer server = await EtcdServer.StartAsync(new EtcdOptions { Certificates = certificates });
        // etcd reads its certificate anew for every connection.
        certificates.IssueExpired();

        StoreException error = await FailAsync(options => (options.Endpoints, options.CaFile) = (server.Endpoints, certificates.Authority));

        Assert.False(error.IsTransient);
        Assert.Contains("TLS failed", error.Message, StringComparison.Ordinal);
        Assert.Contains(server.Endpoints[0], error.Message, StringComparison.Ordinal);
        Assert.Contains("NotTimeValid", error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Certificate_OfAnUnknownAuthority_IsReportedForGood()
    {
        using var certificates = new EtcdCertificates();
        using var others = new EtcdCertificates();
        await using EtcdServer server = await EtcdServer.StartAsync(new EtcdOptions { Certificates = certificates });

        foreach (string? authority in (string?[])[null, others.Authority])
        {
            StoreException error = await FailAsync(options => (options.Endpoints, options.CaFile) = (server.Endpoints, authority));
            Assert.False(error.IsTransient);
            Assert.Contains("certificate", error.Message, StringComparison.Ordinal);
            Assert.Contains(server.Endpoints[0], error.Message, StringComparison.Ordinal);
        }
    }

    private Task<StoreException> FailAsync(params string[] endpoints) => FailAsync(options => options.Endpoints = endpoints);

    private async Task<StoreException> FailAsync(Action<EtcdStoreOptions> configure)
    {
        await using EtcdLeaseStore store = Open(configure, time: _time);
        return await ReadAsync(store);
    }

    /// <summary>
    /// Lets the patience of one attempt after the other pass, each as soon as its timer is armed, and expects the call to fail then. Closing what is
    /// given up arms timers as well, for as long as it takes the machine: they are not waited for.
    /// </summary>
    private async Task FailAfterAsync(EtcdLeaseStore store, params IEnumerable<TimeSpan> patience)
    {
        Task<StoreException> read = ReadAsync(store);
        foreach (TimeSpan attempt in patience)
        {
            await _time.WaitForTimerAsync(attempt);
            _time.Advance(attempt);
        }

        Assert.True((await read.WaitAsync(WaitLimit)).IsTransient);
    }

    private static async Task<StoreException> ReadAsync(EtcdLeaseStore store)
    {
        Task<StoreSnapshot> read = store.ListAsync(null, CancellationToken.None);
        StoreException error = await Assert.ThrowsAnyAsync<StoreException>(() => read.WaitAsync(WaitLimit));
        Assert.Contains(Prefix + "/config", error.Message, StringComparison.Ordinal);
        return error;
    }
}

using System.Net;
using System.Net.Sockets;
using Flannel.Core.Diagnostics;
using Flannel.Store.Etcd.Tests.Lab;
using Flannel.Testing.Etcd;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flannel.Store.Etcd.Tests;

/// <summary>Endpoints that are not what they should be: reported soon, with the endpoint, the key and the reason.</summary>
public sealed class EtcdUnreachableTests
{
    [Fact]
    public async Task Endpoint_NobodyListens_IsReportedAsTransient()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        string endpoint = $"http://{listener.LocalEndpoint}";
        listener.Stop();

        StoreException error = await FailAsync(endpoint, "http://127.0.0.1:1");

        Assert.True(error.IsTransient);
        Assert.Contains("refused", error.Message, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(endpoint, error.Message, StringComparison.Ordinal);
        Assert.Contains("http://127.0.0.1:1:", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Endpoint_NameUnknown_IsReported() => Assert.Contains("cannot connect", (await FailAsync("http://nowhere.invalid:2379")).Message, StringComparison.Ordinal);

    [Fact]
    public async Task Endpoint_AcceptsAndIsSilent_IsReportedAfterTheTimeout()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();

        StoreException error = await FailAsync($"http://{listener.LocalEndpoint}");

        Assert.True(error.IsTransient);
        Assert.Contains("no answer within 1 s", error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Endpoint_SpeaksAnotherProtocol_IsReported()
    {
        await using EtcdServer server = await EtcdServer.StartAsync();
        string tls = server.Endpoints[0].Replace("http:", "https:", StringComparison.Ordinal);

        Assert.Contains("TLS failed", (await FailAsync(tls)).Message, StringComparison.Ordinal);
        StoreException peer = await FailAsync(server.Members[0].MetricsEndpoint);
        Assert.Contains(server.Members[0].MetricsEndpoint, peer.Message, StringComparison.Ordinal);
    }

    private static async Task<StoreException> FailAsync(params string[] endpoints)
    {
        var options = new EtcdStoreOptions { Endpoints = endpoints, RequestTimeout = TimeSpan.FromSeconds(1) };
        await using var store = new EtcdLeaseStore(options, TimeProvider.System, new Random(), NullLogger<EtcdLeaseStore>.Instance);
        Task<ReadOnlyMemory<byte>?> read = store.ReadConfigAsync(CancellationToken.None);
        StoreException error = await Assert.ThrowsAnyAsync<StoreException>(() => read.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Contains(LabStore.Prefix + "/config", error.Message, StringComparison.Ordinal);
        return error;
    }
}

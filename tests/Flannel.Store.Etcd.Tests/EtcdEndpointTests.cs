using System.Net;
using System.Net.Sockets;
using System.Text;
using Flannel.Lab.Etcd;
using Flannel.Store.Etcd.Tests.Lab;

namespace Flannel.Store.Etcd.Tests;

/// <summary>Addresses that are nearly right: what is forgiven, and what is said of the rest.</summary>
public sealed class EtcdEndpointTests
{
    [SkippableFact]
    public async Task Endpoints_BlanksAndEmptyOnesAmongThem_AreForgiven()
    {
        await using EtcdServer server = await EtcdServer.StartAsync();
        await using EtcdLeaseStore store = LabStore.Open(options => options.Endpoints = ["", $" {server.Endpoints[0]}\t", "  "]);

        await store.ListAsync(null, CancellationToken.None);
    }

    [Fact]
    public async Task Name_DoesNotResolve_SaysThatTheNameFailed()
    {
        StoreException error = await FailAsync("http://nowhere.invalid:2379");

        Assert.True(error.IsTransient);
        Assert.Contains("http://nowhere.invalid:2379: cannot connect: its name does not resolve (", error.Message, StringComparison.Ordinal);
        Assert.Contains("DNS", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://127.0.0.1", "http://127.0.0.1:80: cannot connect: ", "(port 80 is tried where an endpoint names none; etcd's is 2379)")]
    [InlineData("https://[::1]", "https://[::1]:443: cannot connect: ", "(port 443 is tried where an endpoint names none; etcd's is 2379)")]
    public async Task Port_IsMissing_SaysWhichWasTried(string endpoint, params string[] words)
    {
        StoreException error = await FailAsync(endpoint);

        Assert.All(words, word => Assert.Contains(word, error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Port_IsGiven_IsNotCommented() =>
        Assert.DoesNotContain("names none", (await FailAsync("http://127.0.0.1:1")).Message, StringComparison.Ordinal);

    [SkippableFact]
    public async Task Https_ServerSpeaksPlainHttp2_SaysWriteHttp()
    {
        await using EtcdServer server = await EtcdServer.StartAsync();

        StoreException error = await FailAsync(server.Endpoints[0].Replace("http:", "https:", StringComparison.Ordinal));

        Assert.Contains("TLS failed: the server ended the handshake", error.Message, StringComparison.Ordinal);
        Assert.Contains("if it speaks plain HTTP, write http://", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Https_ServerAnswersInPlainText_SaysWriteHttp()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task serving = ServeAsync(listener);

        StoreException error = await FailAsync($"https://{listener.LocalEndpoint}");

        Assert.Contains(
            "TLS failed: the server does not answer as TLS does; if it speaks plain HTTP, write http://", error.Message, StringComparison.Ordinal);
        await serving.WaitAsync(TimeSpan.FromSeconds(30));

        static async Task ServeAsync(TcpListener listener)
        {
            using TcpClient client = await listener.AcceptTcpClientAsync();
            await client.GetStream().ReadExactlyAsync(new byte[16]);
            await client.GetStream()
                .WriteAsync(Encoding.ASCII.GetBytes("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
        }
    }

    private static async Task<StoreException> FailAsync(string endpoint)
    {
        await using EtcdLeaseStore store = LabStore.Open(options => options.Endpoints = [endpoint]);
        return await Assert.ThrowsAnyAsync<StoreException>(() => store.ListAsync(null, CancellationToken.None));
    }
}

using System.Net;
using System.Net.Sockets;
using System.Text;
using Flannel.Testing;
using Flanneld.Health;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flanneld.Tests.Health;

public sealed class HealthServerTests : IAsyncLifetime
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly HealthServer _server = Start(new FakeTimeProvider()); // whose clients may be slow

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK", "fine")]
    [InlineData("GET /healthz HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK", "fine")]
    [InlineData("GET /healthz HTTP/1.1\n\n", "HTTP/1.1 200 OK", "fine")]
    [InlineData("GET /healthz?verbose=1 HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK", "fine")]
    [InlineData("GET http://host:8081/healthz HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK", "fine")]
    [InlineData("HEAD /healthz HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK", "")]
    [InlineData("GET /healthz HTTP/1.1\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK", "fine")] // one answer per connection
    [InlineData("GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 404 Not Found", "there are /healthz, /readyz and /metrics\n")]
    [InlineData("GET /../etc/passwd HTTP/1.1\r\n\r\n", "HTTP/1.1 404 Not Found", null)]
    [InlineData("POST /healthz HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 405 Method Not Allowed", null)]
    [InlineData("nonsense\r\n\r\n", "HTTP/1.1 400 Bad Request", null)]
    [InlineData("\r\n\r\n", "HTTP/1.1 400 Bad Request", null)]
    [InlineData("GET  HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request", null)]
    [InlineData("GET /healthz HTTP/2.0\r\n\r\n", "HTTP/1.1 400 Bad Request", null)]
    [InlineData("GET /h\u0001 HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request", null)]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 400 Bad Request", null)]
    public async Task Request_IsAnswered(string request, string status, string? body)
    {
        string answer = await SendAsync(Encoding.Latin1.GetBytes(request));
        string[] parts = answer.Split("\r\n\r\n", 2);

        Assert.Equal(status, parts[0].Split("\r\n")[0]);
        Assert.Contains("\r\nConnection: close", parts[0], StringComparison.Ordinal);
        if (body is not null) Assert.Equal(body, parts[1]);
    }

    [Fact]
    public async Task Request_WithoutEnd_IsRefusedAtItsBound() =>
        Assert.StartsWith(
            "HTTP/1.1 431 ",
            await SendAsync(Encoding.ASCII.GetBytes("GET /healthz HTTP/1.1\r\nX: " + new string('x', 20_000))),
            StringComparison.Ordinal);

    [Fact]
    public async Task Client_ThatClosesAtOnce_DoesNoHarm()
    {
        for (int i = 0; i < 200; i++)
        {
            using var client = new TcpClient();
            await client.ConnectAsync(_server.Endpoint);
            if (i % 2 == 0) client.LingerState = new LingerOption(true, 0); // a reset
        }

        Assert.StartsWith("HTTP/1.1 200 ", await SendAsync("GET /healthz HTTP/1.1\r\n\r\n"u8.ToArray()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("GET /healthz HTTP/1.1\r\nX: ")] // and never an end
    [InlineData("GET /healthz HTTP/1.1\r\n\r\n")] // and never a look at the answer
    public async Task ManyClients_ThatLeaveTheirConnectionsOpen_DelayNobody(string sent)
    {
        var time = new FakeTimeProvider(); // it stands still: nobody's time runs out
        await using HealthServer server = Start(time);
        List<TcpClient> open = [];
        try
        {
            for (int i = 0; i < 300; i++)
            {
                open.Add(new TcpClient());
                await open[^1].ConnectAsync(server.Endpoint);
                await open[^1].GetStream().WriteAsync(Encoding.ASCII.GetBytes(sent));
            }

            Assert.StartsWith("HTTP/1.1 200 ", await SendAsync("GET /healthz HTTP/1.1\r\n\r\n"u8.ToArray(), server), StringComparison.Ordinal);
            await ReadToEndAsync(open[0]); // the oldest made place
        }
        finally
        {
            open.ForEach(client => client.Dispose());
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("GET /healthz HTTP/1.1\r\n\r\n")]
    public async Task Answer_InProgress_IsNotCutByManyConnections(string sent)
    {
        var time = new FakeTimeProvider();
        using var release = new ManualResetEventSlim();
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using HealthServer server = HealthServer.Start(new IPEndPoint(IPAddress.Loopback, 0), Get, time, NullLogger.Instance);
        Task<string> answer = SendAsync("GET /slow HTTP/1.1\r\n\r\n"u8.ToArray(), server);
        await asked.Task.WaitAsync(Deadline);
        List<TcpClient> open = [];
        try
        {
            for (int i = 0; i < 200; i++)
            {
                open.Add(new TcpClient());
                await open[^1].ConnectAsync(server.Endpoint);
                await open[^1].GetStream().WriteAsync(Encoding.ASCII.GetBytes(sent));
            }

            await ReadToEndAsync(open[0]); // the oldest that is not being answered made place
            release.Set();
            Assert.EndsWith("fine", await answer.WaitAsync(Deadline), StringComparison.Ordinal);
        }
        finally
        {
            release.Set();
            open.ForEach(client => client.Dispose());
        }

        HttpAnswer? Get(string path)
        {
            if (path == "/slow")
            {
                asked.SetResult();
                release.Wait(Deadline);
            }

            return new HttpAnswer(200, "fine");
        }
    }

    [Fact]
    public async Task Client_ThatSendsNothing_HasASecond()
    {
        var time = new FakeTimeProvider();
        await using HealthServer server = Start(time);
        using var client = new TcpClient();
        await client.ConnectAsync(server.Endpoint);
        await time.WaitForTimerAsync(TimeSpan.FromSeconds(1));
        Task end = ReadToEndAsync(client);

        time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.StartsWith("HTTP/1.1 200 ", await SendAsync("GET /healthz HTTP/1.1\r\n\r\n"u8.ToArray(), server), StringComparison.Ordinal);
        Assert.False(end.IsCompleted);

        time.Advance(TimeSpan.FromMilliseconds(1));
        await end.WaitAsync(Deadline);
    }

    [Fact]
    public async Task RandomBytes_AreAnsweredOrDropped()
    {
        var random = new Random(20261121);
        for (int i = 0; i < 50; i++)
        {
            byte[] bytes = new byte[random.Next(0, 3000)];
            random.NextBytes(bytes);
            string answer = await SendAsync(bytes);
            Assert.True(answer.Length == 0 || answer.StartsWith("HTTP/1.1 4", StringComparison.Ordinal), answer);
        }
    }

    [Fact]
    public async Task Stop_DoesNotWaitForSilentClients()
    {
        HealthServer server = HealthServer.Start(new IPEndPoint(IPAddress.Loopback, 0), _ => null, TimeProvider.System, NullLogger.Instance);
        using var client = new TcpClient();
        await client.ConnectAsync(server.Endpoint);

        await server.DisposeAsync().AsTask().WaitAsync(Deadline);
    }

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("::")]
    public async Task AnyAddress_AnswersOnBothFamilies(string any)
    {
        Assert.True(Socket.OSSupportsIPv6);
        await using HealthServer server = HealthServer.Start(
            new IPEndPoint(IPAddress.Parse(any), 0), _ => null, TimeProvider.System, NullLogger.Instance);

        foreach (IPAddress address in (IPAddress[])[IPAddress.Loopback, IPAddress.IPv6Loopback])
        {
            using var client = new TcpClient(address.AddressFamily);
            await client.ConnectAsync(address, server.Endpoint.Port).WaitAsync(Deadline);
        }
    }

    [Theory]
    [InlineData("127.0.0.1", "::1")]
    [InlineData("::1", "127.0.0.1")]
    public async Task OneAddress_AnswersThereOnly(string one, string other)
    {
        await using HealthServer server = HealthServer.Start(
            new IPEndPoint(IPAddress.Parse(one), 0), _ => null, TimeProvider.System, NullLogger.Instance);
        using TcpClient right = new(IPAddress.Parse(one).AddressFamily), wrong = new(IPAddress.Parse(other).AddressFamily);

        await right.ConnectAsync(IPAddress.Parse(one), server.Endpoint.Port).WaitAsync(Deadline);
        await Assert.ThrowsAsync<SocketException>(() => wrong.ConnectAsync(IPAddress.Parse(other), server.Endpoint.Port).WaitAsync(Deadline));
    }

    [Fact]
    public void TakenPort_IsAnError() => Assert.Equal(
        SocketError.AddressAlreadyInUse,
        Assert.Throws<SocketException>(
            () => HealthServer.Start(_server.Endpoint, _ => null, TimeProvider.System, NullLogger.Instance)).SocketErrorCode);

    private static HealthServer Start(TimeProvider time) => HealthServer.Start(
        new IPEndPoint(IPAddress.Loopback, 0), path => path == "/healthz" ? new HttpAnswer(200, "fine") : null, time, NullLogger.Instance);

    private static async Task ReadToEndAsync(TcpClient client)
    {
        byte[] bytes = new byte[1024];
        try
        {
            while (await client.GetStream().ReadAsync(bytes).AsTask().WaitAsync(Deadline) > 0)
            {
            }
        }
        catch (IOException)
        {
            // a reset is an end as well
        }
    }

    private async Task<string> SendAsync(byte[] request, HealthServer? server = null)
    {
        using var client = new TcpClient();
        using var limit = new CancellationTokenSource(Deadline);
        await client.ConnectAsync((server ?? _server).Endpoint, limit.Token);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(request, limit.Token);
        client.Client.Shutdown(SocketShutdown.Send);
        using var answer = new MemoryStream();
        await stream.CopyToAsync(answer, limit.Token);
        return Encoding.UTF8.GetString(answer.ToArray());
    }
}

using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using Flannel.Extensibility;
using Flannel.Lab.Fuzzing;
using Flannel.Lab.Kubernetes;
using Flannel.Lab.Leases;
using Flannel.Store.Kubernetes.Tests.Lab;
using Microsoft.AspNetCore.Http;

namespace Flannel.Store.Kubernetes.Tests;

/// <summary>What an API server does to its clients.</summary>
public sealed class FaultTests
{
    [Fact]
    public async Task Restart_WithAForgottenHistory_ListsOnceMore_AndTellsOnlyWhatDiffers()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2, 3);
        LeaseFollower node = await lab.JoinAsync();
        await node.UntilAsync<LeaseSnapshot>();
        await lab.Api.UntilAsync(requests => requests.Any(request => request.IsWatch));

        await lab.Api.StopAsync();
        lab.Api.Nodes.Delete("host3");
        lab.PutNode(4);
        lab.Api.Nodes.Forget();
        await node.UntilAsync(follower => follower.StoreError is not null);
        await lab.Api.RestartAsync();
        LeaseChanges changes = await node.UntilAsync<LeaseChanges>();

        Assert.Equal(2, changes.Changes.Count);
        Assert.Equal(["10.244.2.0-24", "10.244.4.0-24"], node.Peers.Keys.Order());
        await node.UntilAsync(follower => follower.StoreError is null);
        ApiRequestRecord second = lab.Api.Requests.Where(request => request.IsList).ElementAt(1);
        Assert.Equal("?limit=500", second.Query);
        Assert.DoesNotContain(node.Seen.OfType<LeaseSnapshot>().Skip(1), _ => true);
    }

    [Fact]
    public async Task CutWatch_GoesOnWhereItStopped_WithoutAList()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        LeaseFollower node = await lab.JoinAsync();
        await node.UntilAsync<LeaseSnapshot>();
        for (int i = 0; i < 3; i++)
        {
            int watches = lab.Api.Requests.Count(request => request.IsWatch);
            await lab.Api.CutAsync();
            lab.PutNode(10 + i);
            await node.UntilAsync(follower => follower.Peers.ContainsKey($"10.244.{10 + i}.0-24"));
            Assert.True(lab.Api.Requests.Count(request => request.IsWatch) > watches);
        }

        Assert.Single(lab.Api.Requests, request => request.IsList);
    }

    [Fact]
    public async Task Bookmark_MovesTheVersion()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        lab.Options.SetNodeNetworkUnavailable = false;
        LeaseFollower node = await lab.JoinAsync();
        await node.UntilAsync<LeaseSnapshot>();
        await lab.Api.UntilAsync(requests => requests.Any(request => request.IsWatch));

        lab.PutNode(3);
        await node.UntilAsync(follower => follower.Peers.Count == 2);
        lab.Api.Nodes.Bookmark();

        // It shows in the next watch only.
        string expected = $"resourceVersion={lab.Api.Version}&";
        await lab.Api.EndWatchesAsync();
        await lab.Api.UntilAsync(requests => requests.Any(request => request.IsWatch && request.Query.Contains(expected, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task ExpiredContinuation_ListsInOnePiece()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2, 3, 4);
        lab.Api.PageSize = 2;
        lab.Api.Fail(request => request.Query.Contains("continue=", StringComparison.Ordinal), HttpStatusCode.Gone, reason: "Expired");
        lab.Api.Intercept = Then(lab.Api.Intercept, context =>
        {
            if (!context.Request.QueryString.Value!.Contains("limit", StringComparison.Ordinal)) lab.Api.PageSize = 0;
        });

        LeaseFollower node = await lab.JoinAsync();
        await node.UntilAsync(follower => follower.Peers.Count == 3);
    }

    [Theory]
    [InlineData(HttpStatusCode.TooManyRequests)]
    [InlineData(HttpStatusCode.ServiceUnavailable)]
    public async Task RetryAfter_IsWaitedFor(HttpStatusCode code)
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        lab.Api.Fail(request => request.IsList, code, times: 2, retryAfter: 1);
        long started = TimeProvider.System.GetTimestamp();

        await lab.AcquireAsync();

        Assert.True(TimeProvider.System.GetElapsedTime(started) >= TimeSpan.FromSeconds(1.9));
        Assert.Equal(3, lab.Api.Requests.Count(request => request.IsList));
    }

    [Fact]
    public async Task ServerError_WithoutRetryAfter_IsTransient()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1);
        lab.Api.Fail(request => request.IsList, HttpStatusCode.InternalServerError, message: "etcd is away");

        KubernetesApiException error = await Assert.ThrowsAsync<KubernetesApiException>(() => lab.AcquireAsync());

        Assert.True(error.IsTransient);
        Assert.Contains("'list nodes' with 500: \"etcd is away\"", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("list nodes", "'list' on the resource 'nodes'")]
    [InlineData("get nodes", "'get' on the resource 'nodes'")]
    [InlineData("patch nodes/status", "'patch' on the resource 'nodes/status'")]
    public async Task Forbidden_NamesWhatTheRoleLacks(string what, string expected)
    {
        await using KubeLab lab = await KubeLab.StartAsync(1);
        lab.Api.Fail(
            request => what switch
            {
                "list nodes" => request.IsList,
                "get " +
                "nodes" => request.Path.EndsWith("/host1", StringComparison.Ordinal),
                _ => request.IsPatch
            },
            HttpStatusCode.Forbidden, reason: "Forbidden", message: "User x cannot");

        KubernetesApiException error = await Assert.ThrowsAsync<KubernetesApiException>(() => lab.AcquireAsync());

        Assert.False(error.IsTransient);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains("User x cannot", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<html>Login</html>")]
    [InlineData("{\"kind\":\"List\",\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[{\"meta")]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    public async Task Garbage_IsOneClearError(string answer)
    {
        await using KubeLab lab = await KubeLab.StartAsync(1);
        lab.Api.Intercept = async context =>
        {
            if (context.Request.Path.Value != "/api/v1/nodes") return false;
            await context.Response.WriteAsync(answer);
            return true;
        };

        KubernetesApiException error = await Assert.ThrowsAsync<KubernetesApiException>(() => lab.AcquireAsync());

        Assert.Contains("Is it the API server's address?", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/v1/nodes", """{"metadata":null,"items":null}""", "one without a version")]
    [InlineData("/api/v1/nodes", """{"metadata":{"resourceVersion":null},"items":[]}""", "one without a version")]
    [InlineData("/api/v1/nodes", """{"metadata":{"resourceVersion":"7"},"items":[{}]}""", "has no name")]
    [InlineData("/api/v1/nodes", """{"metadata":{"resourceVersion":"7"},"items":[{"metadata":null,"spec":null,"status":null}]}""", "has no name")]
    [InlineData("/api/v1/nodes", """{"metadata":{"resourceVersion":"7"},"items":[{"metadata":{"name":"host2"}}]}""", "has no version")]
    [InlineData("/api/v1/nodes", """{"metadata":{"resourceVersion":"7","continue":"x"},"items":[]}""", "the page behind this one is this one")]
    [InlineData("/api/v1/nodes/host1", "{}", "has no name")]
    [InlineData("/api/v1/nodes/host1", """{"metadata":{"name":"host1"}}""", "has no version")]
    [InlineData("/api/v1/nodes/host1", """{"metadata":{"name":"host2","resourceVersion":"7"}}""", "about another object")]
    public async Task Nonsense_IsOneClearError(string path, string answer, string reason)
    {
        await using KubeLab lab = await KubeLab.StartAsync(1);
        lab.Api.Intercept = async context =>
        {
            if (context.Request.Path.Value != path) return false;
            await context.Response.WriteAsync(answer);
            return true;
        };

        KubernetesApiException error = await Assert.ThrowsAsync<KubernetesApiException>(() => lab.AcquireAsync());

        Assert.Equal(StoreErrorKind.UnexpectedAnswer, error.Kind);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"type":"ADDED","object":{}}""")]
    [InlineData("""{"type":"MODIFIED","object":{"metadata":null}}""")]
    [InlineData("""{"type":"DELETED","object":{"metadata":{"name":"host2"}}}""")]
    [InlineData("""{"type":"ADDED","object":null}{"type":"ADDED"}{"type":null}{"object":[]}""")]
    [InlineData("""{"type":"BOOKMARK","object":{"metadata":{}}}""")]
    [InlineData("""{"type":"ERROR","object":{}}""")]
    public async Task NonsenseOfAWatch_ChangesNothing_AndTheWatchGoesOn(string events)
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        int watches = 0;
        lab.Api.Intercept = async context =>
        {
            if (!((ApiRequestRecord)context.Items["request"]!).IsWatch || Interlocked.Increment(ref watches) != 1) return false;
            await context.Response.WriteAsync(events);
            return true;
        };
        LeaseFollower node = await lab.JoinAsync();
        await node.UntilAsync<LeaseSnapshot>();

        lab.PutNode(3);
        await node.UntilAsync(follower => follower.Peers.ContainsKey("10.244.3.0-24"));

        Assert.Equal(["10.244.2.0-24", "10.244.3.0-24"], node.Peers.Keys.Order());
        Assert.DoesNotContain(lab.Logger.Lines, line => line.Level >= Microsoft.Extensions.Logging.LogLevel.Error);
        Assert.Single(lab.Api.Requests, request => request.IsList);
    }

    [Fact]
    public async Task HostileText_OfNodesAndErrors_IsShownAndShort()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        string name = JsonEncodedText.Encode(HostileText.Sample).ToString();
        lab.PutNode(3, annotations: ("backend-type", HostileText.Sample));
        lab.PutNode(4, annotations: ("backend-data", HostileText.Sample));
        lab.PutNode(5, annotations: ("public-ip", HostileText.Sample));
        lab.PutNode(6, cidr: HostileText.Sample);
        JsonObject node = lab.NewNode(7);
        (node["metadata"]!["name"], node["metadata"]!["annotations"]![$"{KubeLab.Prefix}/public-ip"]) = (HostileText.Sample[..12], "no address");
        lab.Api.Nodes.Put(node);
        LeaseFollower follower = await lab.JoinAsync();
        await follower.UntilAsync<LeaseSnapshot>();

        QuarantineChanged refused = follower.Seen.OfType<QuarantineChanged>().Last();
        Assert.Equal(5, refused.Total);
        Assert.All(refused.Leases, lease => Assert.True(HostileText.IsShown(lease.Reason, 600), lease.Reason));

        await lab.Api.UntilAsync(static requests => requests.Any(static request => request.IsWatch));
        lab.Api.Fail(_ => true, HttpStatusCode.InternalServerError, times: int.MaxValue, reason: name, message: name);
        await lab.Api.CutAsync();
        await follower.UntilAsync(seen => seen.StoreError is not null);

        Assert.All(
            follower.StoreError!.ToString().Split(Environment.NewLine), line => Assert.True(HostileText.IsShown(line, 16 << 10), line));
        Assert.All(lab.Logger.Lines, line => Assert.True(HostileText.IsShown(line.Text, 4000), line.Text));
    }

    [Fact]
    public async Task Redirect_IsNotFollowed()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1);
        lab.Api.Intercept = context =>
        {
            context.Response.Redirect("https://login.example.com/");
            return Task.FromResult(true);
        };

        KubernetesApiException error = await Assert.ThrowsAsync<KubernetesApiException>(() => lab.AcquireAsync());

        Assert.Contains("redirects to \"https://login.example.com/\"", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task SilentServer_IsLeftAfterItsTime(bool inTheMiddle)
    {
        await using KubeLab lab = await KubeLab.StartAsync(1);
        lab.Options.RequestTimeout = TimeSpan.FromSeconds(5);
        lab.Api.Intercept = async context =>
        {
            if (context.Request.Path.Value != "/api/v1/nodes") return false;
            if (inTheMiddle)
            {
                await context.Response.WriteAsync("""{"kind":"List","metadata":{"resourceVersion":"7"},"items":[""");
                await context.Response.Body.FlushAsync();
            }

            await Task.Delay(Timeout.Infinite, context.RequestAborted);
            return true;
        };

        KubernetesApiException error = await Assert.ThrowsAsync<KubernetesApiException>(() => lab.AcquireAsync());

        Assert.True(error.IsTransient);
        Assert.Contains("did not answer within 5 s (list nodes)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ServerThatIsAway_IsSaid_AndAnotherAttemptSucceeds()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        KubernetesSubnetManager manager = lab.NewManager();
        await lab.Api.StopAsync();

        KubernetesApiException error = await Assert.ThrowsAsync<KubernetesApiException>(() => lab.AcquireAsync(manager));
        Assert.True(error.IsTransient);
        Assert.Contains("cannot be reached", error.Message, StringComparison.Ordinal);
        Assert.Contains("refused", error.Message, StringComparison.Ordinal);

        await lab.Api.RestartAsync();
        await manager.ResetConnectionsAsync();
        await lab.AcquireAsync(manager);
    }

    [Fact]
    public async Task FailedPatch_IsTriedAgain_AndSaid()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        LeaseFollower node = await lab.JoinAsync();
        await node.UntilAsync<LeaseSnapshot>();
        await lab.Api.UntilAsync(requests => requests.Any(request => request.Body.Contains("NetworkUnavailable", StringComparison.Ordinal)));
        lab.Api.Fail(request => request.IsPatch, HttpStatusCode.InternalServerError, times: 2);

        lab.Annotate(1, ("public-ip", null));
        await node.UntilAsync(follower => follower.StoreError is not null);
        await lab.Api.UntilAsync(_ => lab.Annotation(1, "public-ip") == "192.168.205.10");
        await node.UntilAsync(follower => follower.StoreError is null);
    }

    /// <summary>Then there is nothing left to write, so no later write says that the server answers.</summary>
    [Fact]
    public async Task ConditionWhoseAnswerIsLost_IsOver_OnceTheWatchTellsIt()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        lab.Api.LosesAnswer = request => request.Body.Contains("NetworkUnavailable", StringComparison.Ordinal);
        LeaseFollower node = await lab.JoinAsync();

        await node.UntilAsync(follower => follower.StoreError is not null);
        await node.UntilAsync(follower => follower.StoreError is null);
    }

    [Fact]
    public async Task AnnotationsWhoseAnswerIsLost_AreOver_OnceTheWatchTellsThem()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        lab.Options.SetNodeNetworkUnavailable = false;
        LeaseFollower node = await lab.JoinAsync();
        await node.UntilAsync<LeaseSnapshot>();
        lab.Api.LosesAnswer = request => request.IsPatch;

        lab.Annotate(1, ("public-ip", null));
        await node.UntilAsync(follower => follower.StoreError is not null);
        await node.UntilAsync(follower => follower.StoreError is null);

        Assert.Equal("192.168.205.10", lab.Annotation(1, "public-ip"));
    }

    [Fact]
    public async Task VersionOfTheFuture_FallsBackToTheNewest()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        KubernetesSubnetManager manager = lab.NewManager();
        LeaseFollower node = await lab.JoinAsync(manager);
        await node.UntilAsync<LeaseSnapshot>();
        await node.DisposeAsync();
        // As a server that was restored from a backup.
        lab.Api.Intercept = async context =>
        {
            if (!context.Request.QueryString.Value!.Contains("resourceVersion", StringComparison.Ordinal)) return false;
            context.Response.StatusCode = 504;
            await context.Response.WriteAsync(
                """{"kind":"Status","status":"Failure","message":"Too large resource version","reason":"Timeout","details":{"causes":[{"reason":"ResourceVersionTooLarge"}]},"code":504}""");
            return true;
        };

        await lab.AcquireAsync(manager);

        Assert.Equal("?limit=500", lab.Api.Requests.Last(request => request.IsList).Query);
    }

    [Fact]
    public async Task Stop_EndsWithinSeconds_WhateverTheServerDoes()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        LeaseFollower node = await lab.JoinAsync();
        await node.UntilAsync<LeaseSnapshot>();
        lab.Api.Intercept = async context =>
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
            return true;
        };
        lab.Annotate(1, ("public-ip", null));
        await lab.Api.UntilAsync(requests => requests.Count(request => request.IsPatch) >= 2);

        long started = TimeProvider.System.GetTimestamp();
        await node.DisposeAsync();
        Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task SilentConnection_IsFoundByPings()
    {
        // A relay that swallows everything once it is told to, as a firewall that has forgotten a connection.
        using var authority = new KubeCertificates();
        await using FakeApiServer api = await FakeApiServer.StartAsync(authority.Server());
        await using KubeLab lab = await KubeLab.StartAsync();
        using var relay = new Relay(api.Port);
        string config = Path.Combine(lab.Folder, "config");
        await File.WriteAllTextAsync(
            config,
            $"current-context: c\ncontexts: [{{name: c, context: {{cluster: k}}}}]\n" +
            $"clusters: [{{name: k, cluster: {{insecure-skip-tls-verify: true, server: \"https://127.0.0.1:{relay.Port}\"}}}}]\n");
        (lab.Options.ApiServer, lab.Options.KubeconfigFile) = (null, config);
        api.Nodes.Put(lab.NewNode(1));
        api.Nodes.Put(lab.NewNode(2));
        LeaseFollower node = await lab.JoinAsync();
        await node.UntilAsync<LeaseSnapshot>();
        await api.UntilAsync(requests => requests.Any(request => request.IsWatch));

        relay.Swallow();
        api.Nodes.Put(lab.NewNode(3));
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        while (!node.Peers.ContainsKey("10.244.3.0-24"))
        {
            node.Pending();
            await Task.Delay(100, limit.Token);
        }
    }

    private static Func<HttpContext, Task<bool>> Then(Func<HttpContext, Task<bool>>? first, Action<HttpContext> also) => async context =>
    {
        also(context);
        return first is not null && await first(context);
    };

    private sealed class Relay : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly List<CancellationTokenSource> _open = [];

        public Relay(int target)
        {
            _listener.Start();
            _ = AcceptAsync(target);
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        /// <summary>The connections that are open carry nothing any more, and stay open.</summary>
        public void Swallow()
        {
            lock (_open) _open.ForEach(static each => each.Cancel());
        }

        public void Dispose() => _listener.Dispose();

        private async Task AcceptAsync(int target)
        {
            try
            {
                while (true)
                {
                    TcpClient client = await _listener.AcceptTcpClientAsync();
                    var server = new TcpClient();
                    await server.ConnectAsync(IPAddress.Loopback, target);
                    var swallow = new CancellationTokenSource();
                    lock (_open) _open.Add(swallow);
                    _ = PumpAsync(client.GetStream(), server.GetStream(), swallow.Token);
                    _ = PumpAsync(server.GetStream(), client.GetStream(), swallow.Token);
                }
            }
            catch (Exception error) when (error is ObjectDisposedException or SocketException)
            {
                // The test is over.
            }
        }

        private static async Task PumpAsync(NetworkStream from, NetworkStream to, CancellationToken swallow)
        {
            try
            {
                byte[] buffer = new byte[16384];
                while (await from.ReadAsync(buffer, CancellationToken.None) is > 0 and int count)
                {
                    if (!swallow.IsCancellationRequested)
                        await to.WriteAsync(buffer.AsMemory(0, count), CancellationToken.None);
                }

                if (!swallow.IsCancellationRequested)
                    to.Close();
            }
            catch (IOException)
            {
                to.Close();
            }
        }
    }
}

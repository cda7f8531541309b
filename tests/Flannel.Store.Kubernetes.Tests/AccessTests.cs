using System.Net;
using System.Text;
using Flannel.Lab.Kubernetes;
using Flannel.Lab.Stores;
using Flannel.Store.Kubernetes.Access;
using Flannel.Store.Kubernetes.Client;
using Flannel.Store.Kubernetes.Diagnostics;
using Flannel.Store.Kubernetes.Objects;
using Flannel.Store.Kubernetes.Tests.Lab;
using Flannel.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flannel.Store.Kubernetes.Tests;

/// <summary>Every way into a cluster, against a server with TLS.</summary>
public sealed class AccessTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("flannel-access-");
    private readonly KubeCertificates _authority = new();
    private FakeApiServer _api = null!;

    public async Task InitializeAsync()
    {
        _api = await FakeApiServer.StartAsync(_authority.Server(), asksForCertificate: true);
        _api.PodNodes["a/b"] = "host1";
    }

    public async Task DisposeAsync()
    {
        await _api.DisposeAsync();
        _authority.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Token_IsSent_OverHttp2()
    {
        string protocol = "";
        _api.Intercept = context =>
        {
            protocol = context.Request.Protocol;
            return Task.FromResult(false);
        };

        await AskAsync(User("token: abc"));

        Assert.Equal("Bearer abc", _api.Requests[^1].Authorization);
        Assert.Equal("HTTP/2", protocol);
        Assert.StartsWith("flannel-dotnet/", _api.Requests[^1].Headers["User-Agent"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task TokenFile_IsRelative_AndReadAgainEachMinute()
    {
        var time = new FakeTimeProvider();
        Write("token", "one\n");
        using ApiConnection connection = Connection(User("tokenFile: token\n    token: other"), time: time);
        await AskAsync(connection, time);
        Assert.Equal("Bearer one", _api.Requests[^1].Authorization);

        Write("token", "two");
        await AskAsync(connection, time);
        Assert.Equal("Bearer one", _api.Requests[^1].Authorization);
        time.Advance(TimeSpan.FromSeconds(61));
        await AskAsync(connection, time);
        Assert.Equal("Bearer two", _api.Requests[^1].Authorization);
    }

    [Fact]
    public async Task RefusedToken_IsReadAgainAtOnce_AndOnlyOnce()
    {
        Write("token", "old");
        using ApiConnection connection = Connection(User("tokenFile: token"));
        await AskAsync(connection);
        _api.Intercept = async context =>
        {
            if (context.Request.Headers.Authorization == "Bearer new") return false;
            await FakeApiServer.RefuseAsync(context, HttpStatusCode.Unauthorized, "Unauthorized", "Unauthorized");
            return true;
        };
        Write("token", "new");

        await AskAsync(connection);
        Assert.Equal(["Bearer old", "Bearer old", "Bearer new"], _api.Requests.Select(request => request.Authorization));

        Write("token", "older");
        using ApiConnection fresh = Connection(User("tokenFile: token"));
        KubernetesApiException error = await Assert.ThrowsAsync<KubernetesApiException>(() => AskAsync(fresh));
        Assert.Equal(5, _api.Requests.Count);
        Assert.Equal(HttpStatusCode.Unauthorized, error.StatusCode);
        Assert.Contains("expired, revoked, of another cluster", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("older", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UserAndPassword_AreSent()
    {
        await AskAsync(User("username: jane\n    password: 'a:b'"));

        Assert.Equal("Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("jane:a:b")), _api.Requests[^1].Authorization);
    }

    [Fact]
    public async Task Impersonation_IsSent()
    {
        await AskAsync(User("token: t\n    as: jane\n    as-uid: '7'\n    as-groups: [a, b]\n    as-user-extra: {example.com/scopes: [x]}"));

        IReadOnlyDictionary<string, string> headers = _api.Requests[^1].Headers;
        Assert.Equal(
            ("jane", "7", "x"), (headers["Impersonate-User"], headers["Impersonate-Uid"], headers["Impersonate-Extra-example.com%2Fscopes"]));
        Assert.Equal("a,b", headers["Impersonate-Group"].Replace(" ", "", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ClientCertificate_IsShown_AndExchangedWhenItChanges(bool asData)
    {
        var time = new FakeTimeProvider();
        string shown = "";
        _api.Intercept = async context =>
        {
            shown = (await context.Connection.GetClientCertificateAsync())?.Subject ?? "nobody";
            return false;
        };
        string config = Put("one");
        using ApiConnection connection = Connection(config, time: time);
        await AskAsync(connection, time);
        Assert.Equal("CN=one", shown);

        Put("two");
        time.Advance(TimeSpan.FromSeconds(61));
        await AskAsync(connection, time);
        Assert.Equal("CN=two", shown);

        string Put(string name)
        {
            (string certificate, string key) = _authority.Client(name);
            if (asData)
                return User($"client-certificate-data: {Base64(certificate)}\n    client-key-data: {Base64(key)}");
            Write("client.crt", certificate);
            Write("client.key", key);
            return User("client-certificate: client.crt\n    client-key: client.key");
        }
    }

    [Fact]
    public async Task ClientCertificate_ThatIsBeingReplaced_LeavesTheFormerOneInForce()
    {
        var time = new FakeTimeProvider();
        (string certificate, string key) = _authority.Client("one");
        Write("client.crt", certificate);
        Write("client.key", key);
        using ApiConnection connection = Connection(User("client-certificate: client.crt\n    client-key: client.key"), time: time);
        await AskAsync(connection, time);

        Write("client.key", "");
        time.Advance(TimeSpan.FromSeconds(61));

        await AskAsync(connection, time);
    }

    [Fact]
    public async Task Exec_GivesATokenUntilItExpires_OrIsRefused()
    {
        var time = new FakeTimeProvider();
        WriteProgram("login", """
            n=$(cat "$0.count" 2>/dev/null || echo 0); n=$((n+1)); echo $n >"$0.count"; printf %s "$KUBERNETES_EXEC_INFO" >"$0.info"
            printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s-%s","expirationTimestamp":"2026-01-01T00:10:00Z"}}' "$1" $n
            """);
        using ApiConnection connection = Connection(
            User("exec: {apiVersion: client.authentication.k8s.io/v1, command: ./login, args: [t], provideClusterInfo: true}"), time: time);

        await AskAsync(connection, time);
        time.Advance(TimeSpan.FromMinutes(5));
        await AskAsync(connection, time);
        Assert.Equal("Bearer t-1", _api.Requests[^1].Authorization);
        time.Advance(TimeSpan.FromMinutes(6));
        await AskAsync(connection, time);
        Assert.Equal("Bearer t-2", _api.Requests[^1].Authorization);
        string info = File.ReadAllText(Path.Combine(_folder.FullName, "login.info"));
        Assert.StartsWith(
            $$"""{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":false,"cluster":{"server":"https://127.0.0.1:{{_api.Port}}/","certificate-authority-data":""",
            info,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Exec_IsAskedAgain_WhenItsTokenIsRefused()
    {
        WriteProgram("login", """
            n=$(cat "$0.count" 2>/dev/null || echo 0); n=$((n+1)); echo $n >"$0.count"
            printf '{"kind":"ExecCredential","status":{"token":"t%s"}}' $n
            """);
        _api.Fail(request => request.Authorization == "Bearer t1", HttpStatusCode.Unauthorized, times: 99);

        await AskAsync(User("exec: {apiVersion: client.authentication.k8s.io/v1, command: ./login}"));

        Assert.Equal(["Bearer t1", "Bearer t2"], _api.Requests.Select(request => request.Authorization));
    }

    [Fact]
    public async Task Exec_MayGiveACertificate()
    {
        (string certificate, string key) = _authority.Client("printed");
        Write(
            "answer.json",
            $$$"""{"kind":"ExecCredential","status":{"clientCertificateData":{{{Json(certificate)}}},"clientKeyData":{{{Json(key)}}}}}""");
        WriteProgram("login", $"cat {_folder.FullName}/answer.json");
        string shown = "";
        _api.Intercept = async context =>
        {
            shown = (await context.Connection.GetClientCertificateAsync())?.Subject ?? "nobody";
            return false;
        };

        await AskAsync(User("exec: {apiVersion: client.authentication.k8s.io/v1, command: ./login}"));

        Assert.Equal("CN=printed", shown);
    }

    [Theory]
    [InlineData("exit 3", "ended with 3 and said nothing")]
    [InlineData("echo no luck >&2; exit 1", "said \"no luck\"")]
    [InlineData("echo hello", "no JSON")]
    public async Task Exec_ThatFails_IsOneClearError(string script, string expected)
    {
        WriteProgram("login", script);

        KubernetesAccessException error = await Assert.ThrowsAsync<KubernetesAccessException>(
            () => AskAsync(User("exec: {apiVersion: client.authentication.k8s.io/v1, command: ./login}")));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Exec_ThatIsMissing_ShowsItsHint()
    {
        KubernetesAccessException error = await Assert.ThrowsAsync<KubernetesAccessException>(
            () => AskAsync(User("exec: {apiVersion: client.authentication.k8s.io/v1, command: no-such-login, installHint: get it there}")));

        Assert.Contains("cannot be started", error.Message, StringComparison.Ordinal);
        Assert.Contains("get it there", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bundle_MayHoldTheAuthorityAnywhere()
    {
        using var other = new KubeCertificates("other-ca");
        Write("bundle.crt", $"# comment\n{other.AuthorityPem}\n{_authority.AuthorityPem}");

        await AskAsync(User("token: t", "certificate-authority: bundle.crt"));
    }

    [Fact]
    public async Task Authority_OfAnotherCluster_IsRefusedInWords()
    {
        using var other = new KubeCertificates();

        KubernetesApiException error = await Assert.ThrowsAsync<KubernetesApiException>(
            () => AskAsync(User("token: t", $"certificate-authority-data: {Base64(other.AuthorityPem)}")));

        Assert.False(error.IsTransient);
        Assert.Contains("is not trusted", error.Message, StringComparison.Ordinal);
        Assert.Contains("another key", error.Message, StringComparison.Ordinal);
        Assert.Contains("certificate-authority-data", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NoAuthority_IsTheSystems()
    {
        KubernetesApiException error = await Assert.ThrowsAsync<KubernetesApiException>(() => AskAsync(User("token: t", "")));

        Assert.Contains("certificate-authority in the kubeconfig", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Insecure_TakesAnyCertificate() => await AskAsync(User("token: t", "insecure-skip-tls-verify: true"));

    [Fact]
    public async Task ServerName_IsLookedForInsteadOfTheAddress()
    {
        await using FakeApiServer named = await FakeApiServer.StartAsync(_authority.Server("kubernetes.default.svc"));
        named.PodNodes["a/b"] = "x";
        string authority = $"certificate-authority-data: {Base64(_authority.AuthorityPem)}";

        await AskAsync(User("token: t", $"{authority}\n    tls-server-name: kubernetes.default.svc", named.Address));
        KubernetesApiException error = await Assert.ThrowsAsync<KubernetesApiException>(() => AskAsync(User("token: t", authority, named.Address)));

        Assert.Contains("is for kubernetes.default.svc, not for 127.0.0.1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ServiceAccount_OfAPod_IsUsed()
    {
        Write("ca.crt", _authority.AuthorityPem);
        Write("token", "pod-token");
        var environment = new KubernetesEnvironment
        {
            ServiceHost = "127.0.0.1",
            ServicePort = $"{_api.Port}",
            ServiceAccountFolder = _folder.FullName,
        };
        using ApiConnection connection = Connection(null, environment);

        await AskAsync(connection);

        Assert.Equal("Bearer pod-token", _api.Requests[^1].Authorization);
        Assert.Equal("https://[fd00::1]:6443/", (environment with { ServiceHost = "fd00::1", ServicePort = "6443" }).OfPod().Server.ToString());
    }

    [Fact]
    public async Task OutsideAPod_WithNothingGiven_IsSaid()
    {
        using ApiConnection connection = Connection(null);

        KubernetesAccessException error = await Assert.ThrowsAsync<KubernetesAccessException>(() => AskAsync(connection));

        Assert.Contains("-kubeconfig-file", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ApiServer_GoesBeforeTheKubeconfigs_AndMayHaveAPath()
    {
        string config = User("token: t", server: new Uri("https://10.255.255.1:1"));
        using ApiConnection connection = Connection(config, options: options => options.ApiServer = new Uri(_api.Address, "/k8s/c-1/"));
        _api.Intercept = async context =>
        {
            await context.Response.WriteAsync("""{"kind":"Pod","metadata":{"name":"b","resourceVersion":"7"},"spec":{"nodeName":"x"}}""");
            return true;
        };

        await AskAsync(connection);

        Assert.Equal(("/k8s/c-1/api/v1/namespaces/a/pods/b", "Bearer t"), (_api.Requests[^1].Path, _api.Requests[^1].Authorization));
    }

    [Fact]
    public async Task HostProgram_MayBringItsOwnHandler()
    {
        using var handler =
            new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null } };
        using ApiConnection connection = Connection(null, options: options =>
        {
            options.SetHttpHandler(handler);
            options.ApiServer = _api.Address;
        });

        await AskAsync(connection);
        await connection.ResetAsync(CancellationToken.None);
        await AskAsync(connection);

        Assert.Null(_api.Requests[^1].Authorization);
    }

    [Fact]
    public async Task Reset_ConnectsAnew()
    {
        using ApiConnection connection = Connection(User("token: t"));
        List<string> connections = [];
        _api.Intercept = context =>
        {
            connections.Add(context.Connection.Id);
            return Task.FromResult(false);
        };
        await AskAsync(connection);
        await AskAsync(connection);
        await connection.ResetAsync(CancellationToken.None);
        await AskAsync(connection);

        Assert.Equal(connections[0], connections[1]);
        Assert.NotEqual(connections[0], connections[2]);
    }

    [Fact]
    public async Task Proxy_OfTheKubeconfig_GoesBeforeTheEnvironments()
    {
        string config = User("token: t", $"certificate-authority-data: {Base64(_authority.AuthorityPem)}\n    proxy-url: http://127.0.0.1:9");
        using ApiConnection connection = Connection(config, new KubernetesEnvironment { NoProxy = "*" });

        KubernetesApiException error = await Assert.ThrowsAsync<KubernetesApiException>(() => AskAsync(connection));

        Assert.True(error.IsTransient);
        Assert.Empty(_api.Requests);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Proxy_CarriesTheRequests(bool ofTheKubeconfig)
    {
        using var proxy = new ConnectProxy(_api.Port);
        // This host is never reached through the environment's proxy, so the server has another name there; the proxy knows where it is.
        using ApiConnection connection = ofTheKubeconfig
            ? Connection(
                User("token: t", "insecure-skip-tls-verify: true\n    proxy-url: " +
                    $"http://me:pass@127.0.0.1:{proxy.Port}", new Uri("https://cluster.example:6443")))
            : Connection(
                User("token: t", "insecure-skip-tls-verify: true", new Uri("https://cluster.example:6443")),
                new KubernetesEnvironment { HttpsProxy = $"http://me:pass@127.0.0.1:{proxy.Port}", NoProxy = "10.0.0.0/8" });

        await AskAsync(connection);

        Assert.Contains("CONNECT cluster.example:6443", proxy.Seen, StringComparison.Ordinal);
        Assert.Contains("Basic " + Convert.ToBase64String("me:pass"u8), proxy.Seen, StringComparison.Ordinal);
        Assert.Equal("Bearer t", _api.Requests[^1].Authorization);
    }

    [Fact]
    public async Task Name_FirstAddressIsSilent_TheNextOneIsAskedAfterAMoment()
    {
        IPAddress[] addresses = [IPAddress.Parse("127.0.0.2"), IPAddress.Loopback];
        var headStart = TimeSpan.FromMilliseconds(250);
        var time = new FakeTimeProvider();
        using var silent = new SilentListener(addresses[0], _api.Port);
        using ApiConnection connection = Connection(
            User("token: t", "insecure-skip-tls-verify: true", new Uri($"https://cluster.example:{_api.Port}")),
            new KubernetesEnvironment { Resolve = (_, _) => Task.FromResult(addresses) },
            time);

        Task asked = AskAsync(connection);
        await time.WaitForTimerAsync(headStart);
        time.Advance(headStart);
        await asked;

        Assert.Equal("Bearer t", _api.Requests[^1].Authorization);
    }

    private async Task AskAsync(string config)
    {
        using ApiConnection connection = Connection(config);
        await AskAsync(connection);
    }

    private static async Task AskAsync(ApiConnection connection, TimeProvider? time = null)
    {
        var client = new ApiClient(
            connection, new AnnotationNames("x"), TimeSpan.FromSeconds(20), time ?? TimeProvider.System, new KubernetesMetrics(null, ""));
        ApiObject pod = await client.SendAsync(ApiRequest.GetPod("a", "b"), CancellationToken.None);
        Assert.NotNull(pod.NodeName);
    }

    private static ApiConnection Connection(
        string? config, KubernetesEnvironment? environment = null, TimeProvider? time = null, Action<KubernetesStoreOptions>? options = null)
    {
        var given = new KubernetesStoreOptions { KubeconfigFile = config };
        options?.Invoke(given);
        return new ApiConnection(given, environment ?? new KubernetesEnvironment(), time ?? TimeProvider.System, NullLogger.Instance);
    }

    private string User(string user, string? cluster = null, Uri? server = null)
    {
        Write("config", $"""
            kind: Config
            current-context: lab
            contexts:
            - name: lab
              context: {"{cluster: k, user: u}"}
            clusters:
            - name: k
              cluster:
                server: {server ?? _api.Address}
                {cluster ?? $"certificate-authority-data: {Base64(_authority.AuthorityPem)}"}
            users:
            - name: u
              user:
                {user}
            """);
        return Path.Combine(_folder.FullName, "config");
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder.FullName, name), text);

    private void WriteProgram(string name, string script)
    {
        Write(name, "#!/bin/sh\n" + script + "\n");
        File.SetUnixFileMode(Path.Combine(_folder.FullName, name), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string Json(string text) => $"\"{text.Replace("\n", "\\n", StringComparison.Ordinal)}\"";
}

using System.Net;
using System.Net.Sockets;
using Flannel.Extensibility;
using Flannel.Lab.Etcd;
using Flannel.Store.Etcd.Tests.Lab;
using static Flannel.Store.Etcd.Tests.Lab.LabStore;

namespace Flannel.Store.Etcd.Tests;

/// <summary>A program can tell what went wrong without reading the text, and never meets a type of the store's own.</summary>
public sealed class EtcdErrorKindTests
{
    private const string Nobody = "http://127.0.0.1:1";
    private const string Nowhere = "http://nowhere.invalid:2379";

    [Theory]
    [InlineData(StoreErrorKind.Unreachable, Nobody)]
    [InlineData(StoreErrorKind.NameNotResolved, Nowhere)]
    [InlineData(StoreErrorKind.NameNotResolved, Nobody, Nowhere)]
    [InlineData(StoreErrorKind.NameNotResolved, Nowhere, Nobody)]
    public async Task Endpoint_NobodyAnswers_IsTold(StoreErrorKind kind, params string[] endpoints)
    {
        StoreException error = await ListAsync(options => options.Endpoints = endpoints);

        Assert.Equal((kind, true), (error.Kind, error.IsTransient));
    }

    [Fact]
    public async Task CertificateFile_Missing_IsTls()
    {
        StoreException error = await ListAsync(options => (options.Endpoints, options.CaFile) = (["https://127.0.0.1:1"], "/nonexistent/ca.pem"));

        Assert.Equal((StoreErrorKind.Tls, false), (error.Kind, error.IsTransient));
    }

    [Fact]
    public async Task Server_AnswersNoTls_IsTlsAlsoBesideOneThatIsDown()
    {
        await using var server = new RawGrpcServer(static _ => []);
        string tls = server.Endpoint.Replace("http:", "https:", StringComparison.Ordinal);

        StoreException alone = await ListAsync(options => options.Endpoints = [tls]);
        StoreException besideOthers = await ListAsync(options => options.Endpoints = [Nobody, tls, Nowhere]);

        Assert.Equal(StoreErrorKind.Tls, alone.Kind);
        Assert.Equal((StoreErrorKind.Tls, true), (besideOthers.Kind, besideOthers.IsTransient));
    }

    [SkippableFact]
    public async Task Server_OfAnUnknownAuthority_IsTls()
    {
        using var certificates = new EtcdCertificates();
        await using EtcdServer server = await EtcdServer.StartAsync(new EtcdOptions { Certificates = certificates });

        StoreException error = await ListAsync(options => options.Endpoints = server.Endpoints);

        Assert.Equal((StoreErrorKind.Tls, false), (error.Kind, error.IsTransient));
    }

    [SkippableFact]
    public async Task Server_DemandsACertificate_IsTls()
    {
        using var certificates = new EtcdCertificates();
        await using EtcdServer server = await EtcdServer.StartAsync(new EtcdOptions { Certificates = certificates, DemandsClientCertificate = true });

        StoreException error = await ListAsync(options => (options.Endpoints, options.CaFile) = (server.Endpoints, certificates.Authority));

        Assert.Equal(StoreErrorKind.Tls, error.Kind);
    }

    [SkippableFact]
    public async Task User_RefusedOrMissingOrWithoutPermission_IsTold()
    {
        await using EtcdServer server = await EtcdServer.StartAsync();
        await server.RunAsync("user", "add", "guest:pw");
        await server.EnableAuthenticationAsync();

        StoreException wrong = await ListAsync(LogIn("wrong"));
        StoreException nobody = await ListAsync(options => options.Endpoints = server.Endpoints);
        StoreException watching = await WatchAsync(options => options.Endpoints = server.Endpoints);
        StoreException guest = await ListAsync(LogIn("pw"));
        StoreException guestWatching = await WatchAsync(LogIn("pw"));

        Assert.All([wrong, nobody, watching], error => Assert.Equal((StoreErrorKind.CredentialsRefused, false), (error.Kind, error.IsTransient)));
        Assert.All([guest, guestWatching], error => Assert.Equal((StoreErrorKind.PermissionDenied, false), (error.Kind, error.IsTransient)));

        Action<EtcdStoreOptions> LogIn(string password) => options =>
            (options.Endpoints, options.Username, options.Password, options.AllowInsecureCredentials) = (server.Endpoints, "guest", password, true);
    }

    [SkippableFact]
    public async Task Request_TooLargeOrForAForgottenRevision_IsTold()
    {
        await using EtcdServer server = await EtcdServer.StartAsync();
        await using EtcdLeaseStore store = Open(server);
        StoredEntry first = await store.CreateAsync("10.5.1.0-24");
        StoredEntry last = await store.CreateAsync("10.5.2.0-24");
        await server.RunAsync("compaction", $"{last.ModRevision}");

        StoreException large = await FailAsync(() => store.CreateAsync("10.5.3.0-24", new string('x', 2 << 20)));
        StoreException forgotten = await FailAsync(() => store.ListAsync(first.ModRevision, CancellationToken.None));
        StoreException future = await FailAsync(() => store.ListAsync(last.ModRevision + 1000, CancellationToken.None));

        Assert.Equal((StoreErrorKind.TooLarge, false), (large.Kind, large.IsTransient));
        Assert.Equal((StoreErrorKind.Compacted, false), (forgotten.Kind, forgotten.IsTransient));
        Assert.Equal(StoreErrorKind.Unspecified, future.Kind);
    }

    [Fact]
    public async Task Server_IsSomethingElse_IsAnUnexpectedAnswer()
    {
        await using var server = new RawGrpcServer(static stream => RawGrpcServer.Headers(stream, isLast: true, (":status", "503")));

        Assert.Equal(StoreErrorKind.UnexpectedAnswer, (await ListAsync(options => options.Endpoints = [server.Endpoint])).Kind);
    }

    [Fact]
    public async Task Server_AcceptsAndIsSilent_IsUnreachable()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();

        StoreException error = await ListAsync(
            options => (options.Endpoints, options.RequestTimeout) = ([$"http://{listener.LocalEndpoint}"], TimeSpan.FromMilliseconds(200)));

        Assert.Equal((StoreErrorKind.Unreachable, true), (error.Kind, error.IsTransient));
    }

    private static async Task<StoreException> ListAsync(Action<EtcdStoreOptions> configure)
    {
        await using EtcdLeaseStore store = Open(configure);
        return await FailAsync(() => store.ListAsync(null, CancellationToken.None));
    }

    private static async Task<StoreException> WatchAsync(Action<EtcdStoreOptions> configure)
    {
        await using EtcdLeaseStore store = Open(configure);
        return await FailAsync(async () =>
        {
            await foreach (StoreEvent _ in store.WatchAsync(0, CancellationToken.None))
            {
                // There is nothing to see.
            }
        });
    }

    // Not one of a derived type: what is internal here must not become what others catch.
    private static Task<StoreException> FailAsync(Func<Task> call) => Assert.ThrowsAsync<StoreException>(call);
}

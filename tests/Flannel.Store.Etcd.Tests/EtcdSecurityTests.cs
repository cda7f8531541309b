using Flannel.Extensibility;
using Flannel.Lab.Etcd;
using Flannel.Store.Etcd.Tests.Lab;
using static Flannel.Store.Etcd.Tests.Lab.LabStore;

namespace Flannel.Store.Etcd.Tests;

public sealed class EtcdSecurityTests
{
    private const string Password = "se-cr3t";

    [SkippableFact]
    public async Task Authentication_MemberRestarted_CallsAndWatchGoOn()
    {
        await using EtcdServer server = await EtcdServer.StartAsync();
        await AddUserAsync(server);
        var logger = new ListLogger();
        await using EtcdLeaseStore store = Open(server, LogIn, logger: logger);
        await using EtcdLeaseStore watching = Open(server, LogIn, logger: logger);
        StoredEntry entry = await store.CreateAsync();
        await using var follower = new Follower(watching, entry.ModRevision - 1);
        await follower.UntilRevisionAsync(entry.ModRevision);

        // A restarted member knows of the tokens it gave those that it finds in its log.
        await server.RestartAsync(server.Members[0]);
        entry = await EventuallyAsync(() => store.UpdateAsync(entry, Bytes("new"), Hour, CancellationToken.None).TakeAsync());
        await follower.UntilRevisionAsync(entry.ModRevision);

        Assert.Equal(2, follower.Changes.Count());
        Assert.DoesNotContain(logger.Messages, message => message.Contains(Password, StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task Authentication_TokenExpiredUnderAnOpenWatch_TheNextStreamLogsInAgain()
    {
        const int TokenSeconds = 1;
        await using EtcdServer server = await EtcdServer.StartAsync(new EtcdOptions { TokenSeconds = TokenSeconds });
        await AddUserAsync(server);
        await using var relay = new TcpRelay(server.Endpoints[0]);
        ListLogger logger = new(), watchLogger = new();
        await using EtcdLeaseStore store = Open(server, LogIn, logger: logger);
        await using EtcdLeaseStore watching = Open(server, LogInByRelay, logger: watchLogger);
        StoredEntry entry = await store.CreateAsync();
        await using var follower = new Follower(watching, entry.ModRevision - 1);
        await follower.UntilRevisionAsync(entry.ModRevision);

        // An open stream does not use its token, so it expires; time has to pass on etcd's clock, which counts whole seconds.
        await Task.Delay(TimeSpan.FromSeconds(TokenSeconds + 2));
        relay.Cut();
        relay.Mend();
        // etcd refuses the next watch inside its stream and leaves that open.
        await Follower.UntilAsync(() => HasLoggedInAgain(watchLogger), "a new login for the watch");
        entry = await store.UpdateAsync(entry, Bytes("new"), Hour, CancellationToken.None).TakeAsync();
        await follower.UntilRevisionAsync(entry.ModRevision);

        Assert.Equal(2, follower.Changes.Count());
        Assert.True(HasLoggedInAgain(logger));
        Assert.DoesNotContain(logger.Messages.Concat(watchLogger.Messages), message => message.Contains(Password, StringComparison.Ordinal));

        static bool HasLoggedInAgain(ListLogger logger) =>
            logger.Messages.Any(message => message.Contains("logging in again", StringComparison.Ordinal));

        void LogInByRelay(EtcdStoreOptions options)
        {
            LogIn(options);
            options.Endpoints = [relay.Endpoint];
        }
    }

    [SkippableFact]
    public async Task Authentication_WrongPassword_IsReportedForGoodAndNotRepeated()
    {
        await using EtcdServer server = await EtcdServer.StartAsync();
        await AddUserAsync(server);
        await using EtcdLeaseStore store = Open(server, options =>
        {
            LogIn(options);
            options.Password = "wr0ng-one";
        });

        StoreException error = await Assert.ThrowsAnyAsync<StoreException>(() => store.ListAsync(null, CancellationToken.None));

        Assert.False(error.IsTransient);
        Assert.Contains("flannel", error.Message, StringComparison.Ordinal);
        Assert.Contains(server.Endpoints[0], error.Message, StringComparison.Ordinal);
        Assert.Contains(Prefix + "/config", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("wr0ng-one", error.ToString(), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Authentication_NobodyLogsIn_SaysWhatToSet()
    {
        await using EtcdServer server = await EtcdServer.StartAsync();
        await AddUserAsync(server);
        await using EtcdLeaseStore store = Open(server);

        StoreException error = await Assert.ThrowsAnyAsync<StoreException>(() => store.ListAsync(null, CancellationToken.None));
        StoreException watchError = await Assert.ThrowsAnyAsync<StoreException>(async () =>
        {
            await foreach (StoreEvent _ in store.WatchAsync(0, CancellationToken.None))
            {
                // There is nothing to see.
            }
        });

        Assert.Contains("set Username and Password", error.Message, StringComparison.Ordinal);
        Assert.False(watchError.IsTransient);
    }

    [SkippableFact]
    public async Task Authentication_EnabledLater_IsNoticed()
    {
        await using EtcdServer server = await EtcdServer.StartAsync();
        await using EtcdLeaseStore store = Open(server, LogIn);
        StoredEntry entry = await store.CreateAsync();

        await AddUserAsync(server);

        await store.UpdateAsync(entry, Bytes("new"), Hour, CancellationToken.None).TakeAsync();
    }

    [SkippableFact]
    public async Task Tls_AuthorityAlone_IsEnough()
    {
        using var certificates = new EtcdCertificates();
        await using EtcdServer server = await EtcdServer.StartAsync(new EtcdOptions { Certificates = certificates });
        await using EtcdLeaseStore store = Open(server, options => options.CaFile = certificates.Authority);

        await store.CreateAsync();

        Assert.Equal(1, await server.CountLeasesAsync());
    }

    [SkippableFact]
    public async Task Tls_UnknownAuthority_IsReportedForGood()
    {
        using var certificates = new EtcdCertificates();
        using var others = new EtcdCertificates();
        await using EtcdServer server = await EtcdServer.StartAsync(new EtcdOptions { Certificates = certificates });
        await using EtcdLeaseStore trusting = Open(server);
        await using EtcdLeaseStore wrong = Open(server, options => options.CaFile = others.Authority);

        foreach (EtcdLeaseStore store in (EtcdLeaseStore[])[trusting, wrong])
        {
            StoreException error = await Assert.ThrowsAnyAsync<StoreException>(() => store.ListAsync(null, CancellationToken.None));
            Assert.False(error.IsTransient);
            Assert.Contains("certificate", error.Message, StringComparison.Ordinal);
            Assert.Contains(server.Endpoints[0], error.Message, StringComparison.Ordinal);
        }
    }

    [SkippableFact]
    public async Task Tls_FileMissing_IsReportedForGood()
    {
        await using EtcdServer server = await EtcdServer.StartAsync();
        await using EtcdLeaseStore store = Open(
            server, options => (options.Endpoints, options.CaFile) = (["https://127.0.0.1:1"], "/nonexistent/ca.pem"));

        StoreException error = await Assert.ThrowsAnyAsync<StoreException>(() => store.ListAsync(null, CancellationToken.None));

        Assert.False(error.IsTransient);
        Assert.Contains("/nonexistent/ca.pem", error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Tls_AllCertificatesRotated_CallsAndWatchGoOn()
    {
        using var certificates = new EtcdCertificates();
        await using EtcdServer server = await EtcdServer.StartAsync(new EtcdOptions { Certificates = certificates, DemandsClientCertificate = true });
        await using EtcdLeaseStore store = Open(server, Present, probeAfter: TimeSpan.FromSeconds(1));
        await using EtcdLeaseStore nameless = Open(server, options => options.CaFile = certificates.Authority);
        StoredEntry entry = await store.CreateAsync();
        await using var follower = new Follower(store, entry.ModRevision - 1);
        await follower.UntilRevisionAsync(entry.ModRevision);
        await Assert.ThrowsAnyAsync<StoreException>(() => nameless.ListAsync(null, CancellationToken.None));

        // Another authority altogether: neither the old certificate nor the old trust is of any use.
        certificates.Issue();
        await server.RestartAsync(server.Members[0]);
        entry = await EventuallyAsync(() => store.UpdateAsync(entry, Bytes("new"), Hour, CancellationToken.None).TakeAsync());
        await follower.UntilRevisionAsync(entry.ModRevision);

        Assert.Equal(2, follower.Changes.Count());

        void Present(EtcdStoreOptions options)
        {
            options.CaFile = certificates.Authority;
            options.CertificateFile = certificates.ClientCertificate;
            options.KeyFile = certificates.ClientKey;
        }
    }

    [SkippableFact]
    public async Task Tls_FilesChangeWhileTheServerRuns_TheStreamIsMadeAnew()
    {
        using var certificates = new EtcdCertificates();
        await using EtcdServer server = await EtcdServer.StartAsync(new EtcdOptions { Certificates = certificates });
        var logger = new ListLogger();
        await using EtcdLeaseStore store = Open(server, options => options.CaFile = certificates.Authority, TimeSpan.FromSeconds(1), logger);
        StoredEntry entry = await store.CreateAsync();
        await using var follower = new Follower(store, entry.ModRevision - 1);
        await follower.UntilRevisionAsync(entry.ModRevision);

        await File.AppendAllTextAsync(certificates.Authority, "\n");
        await Follower.UntilAsync(
            () => logger.Messages.Any(message => message.Contains("the certificates have changed", StringComparison.Ordinal)), "a new stream");
        entry = await store.UpdateAsync(entry, Bytes("new"), Hour, CancellationToken.None).TakeAsync();
        await follower.UntilRevisionAsync(entry.ModRevision);

        Assert.Empty(follower.Errors);
        Assert.Equal(2, follower.Changes.Count());
    }

    [SkippableFact]
    public async Task Space_Exhausted_ReadsAndRenewalsGoOn()
    {
        await using EtcdServer server = await EtcdServer.StartAsync(new EtcdOptions { QuotaBytes = 4 << 20 });
        await using EtcdLeaseStore store = Open(server);
        StoredEntry entry = await store.CreateAsync();
        string document = new('x', 1 << 20);
        StoreException? error = null;
        for (int i = 2; error is null; i++)
        {
            Assert.True(i < 20, "4 MiB hold no 20 MiB");
            error = (StoreException?)await Record.ExceptionAsync(() => store.CreateAsync($"10.5.{i}.0-24", document));
        }

        Assert.False(error.IsTransient);
        Assert.Equal(StoreErrorKind.OutOfSpace, error.Kind);
        Assert.Contains("alarm disarm", error.Message, StringComparison.Ordinal);
        Assert.NotEmpty((await store.ListAsync(null, CancellationToken.None)).Entries);
        await store.RenewAsync(entry, Hour, CancellationToken.None).TakeAsync();

        // What an operator does then.
        long revision = (await store.ListAsync(null, CancellationToken.None)).Revision;
        await server.RunAsync("del", "--prefix", Prefix);
        await server.RunAsync("compaction", $"{revision + 1}");
        await server.RunAsync("defrag");
        await server.RunAsync("alarm", "disarm");
        await EventuallyAsync(() => store.CreateAsync());
        Assert.Single((await store.ListAsync(null, CancellationToken.None)).Entries);
    }

    private static void LogIn(EtcdStoreOptions options) =>
        (options.Username, options.Password, options.AllowInsecureCredentials) = ("flannel", Password, true);

    private static async Task AddUserAsync(EtcdServer server)
    {
        await server.RunAsync("role", "add", "network");
        await server.RunAsync("role", "grant-permission", "network", "readwrite", "--prefix=true", Prefix);
        await server.RunAsync("user", "add", $"flannel:{Password}");
        await server.RunAsync("user", "grant-role", "flannel", "network");
        await server.EnableAuthenticationAsync();
    }
}

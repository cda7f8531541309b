using Flannel.Lab.Etcd;

namespace Flannel.Store.Etcd.Tests.Lab;

/// <summary>
/// An etcd with TLS for all tests of a class, which run one after the other. etcd reads its own certificate for every connection, so each test gives
/// it another one.
/// </summary>
public sealed class TlsFixture : IAsyncLifetime
{
    private readonly EtcdCertificates _certificates = new();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("flannel-tls-");
    private EtcdServer? _server;
    private string _clientAuthorities = "";

    /// <summary>The file of the authority that issued the server's certificate, unless a test replaced that.</summary>
    public string ServerAuthority => Path.Combine(_folder.FullName, "server-ca.pem");

    public async Task<EtcdServer> GetAsync() => _server ??= await EtcdServer.StartAsync(new EtcdOptions { Certificates = _certificates });

    /// <summary>The etcd as one that demands client certificates of these authorities, in PEM. It reads them when it starts.</summary>
    public async Task<EtcdServer> GetDemandingAsync(string clientAuthorities)
    {
        if (_clientAuthorities == clientAuthorities)
            return _server!;
        if (_server is null)
            File.Copy(_certificates.Authority, ServerAuthority, overwrite: true);
        await File.WriteAllTextAsync(_certificates.Authority, clientAuthorities);
        if (_server is null)
            _server = await EtcdServer.StartAsync(new EtcdOptions { Certificates = _certificates, DemandsClientCertificate = true });
        else
            await _server.RestartAsync(_server.Members[0]);
        _clientAuthorities = clientAuthorities;
        return _server;
    }

    /// <summary>Has the servers show this, in PEM.</summary>
    public void Serve(string certificates, string key)
    {
        File.WriteAllText(_certificates.ServerCertificate, certificates);
        File.WriteAllText(_certificates.ServerKey, key);
    }

    /// <summary>A file with this content.</summary>
    public string Write(string name, string content) => Write(name, System.Text.Encoding.UTF8.GetBytes(content));

    /// <summary>A file with this content.</summary>
    public string Write(string name, byte[] content)
    {
        string path = Path.Combine(_folder.FullName, name);
        File.WriteAllBytes(path, content);
        return path;
    }

    /// <summary>Asks the store once: what is wrong, or an empty text.</summary>
    public static async Task<string> AskAsync(Action<EtcdStoreOptions> configure)
    {
        await using EtcdLeaseStore store = LabStore.Open(configure);
        try
        {
            await store.ListAsync(null, CancellationToken.None);
            return "";
        }
        catch (StoreException error)
        {
            Assert.False(error.IsTransient, error.Message);
            return error.Message;
        }
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        _certificates.Dispose();
        _folder.Delete(recursive: true);
    }
}

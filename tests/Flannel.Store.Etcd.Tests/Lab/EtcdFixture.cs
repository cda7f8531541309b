using Flannel.Lab.Etcd;

namespace Flannel.Store.Etcd.Tests.Lab;

/// <summary>One etcd for all tests of a class, which run one after the other; each test has a prefix of its own.</summary>
public sealed class EtcdFixture : IAsyncLifetime
{
    private EtcdServer? _server;

    public async Task<EtcdServer> GetAsync() => _server ??= await EtcdServer.StartAsync();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
    }
}

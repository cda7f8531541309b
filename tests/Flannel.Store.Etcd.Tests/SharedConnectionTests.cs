using System.Globalization;
using Flannel.Extensibility;
using Flannel.Lab.Etcd;
using Flannel.Store.Etcd.Tests.Lab;
using Flannel.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Store.Etcd.Tests;

/// <summary>Networks in one cluster share its connections, whether they were composed at the start or made later.</summary>
public sealed class SharedConnectionTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [SkippableFact]
    public async Task Networks_WithDifferentPrefixes_ShareOneConnectionAndTheLastOneClosesIt()
    {
        await using EtcdServer server = await EtcdServer.StartAsync();
        await using ServiceProvider provider = Build(services => Use(services.AddFlannel("n0"), server, "n0"));
        var networks = provider.GetRequiredService<IFlannelNetworks>();
        string[] names = [.. Enumerable.Range(0, 5).Select(number => $"n{number}")];
        foreach (string name in names)
            await server.RunAsync("put", $"/{name}/config", $$$"""{"Network":"10.{{{name[1..]}}}.0.0/16","Backend":{"Type":"fake"}}""");

        await networks.Find("n0")!.StartAsync();
        foreach (string name in names[1..]) await networks.CreateAsync(name, network => Use(network, server, name));
        foreach (IFlannelNode node in networks.All) await node.WaitForReadyAsync(Limit);
        Assert.Equal(names.Length, networks.All.Count);
        Assert.Equal(1, Connections(server));

        // Whoever goes does not take the connection along.
        foreach (string name in names[..^1]) await networks.RemoveAsync(name, StopMode.Remove);
        IFlannelNode last = networks.Find(names[^1])!;
        await last.Store!.ListAsync(null, CancellationToken.None);
        await server.RunAsync("put", $"/{last.Name}/config", """{"Network":"10.4.0.0/16","Backend":{"Type":"fake","MTU":1400}}""");
        await Follower.UntilAsync(() => last.Status.Config?.Backend?.Contains("1400", StringComparison.Ordinal) == true, "the watch that goes on");
        Assert.Equal(1, Connections(server));

        await networks.RemoveAsync(last.Name);

        await Follower.UntilAsync(() => Connections(server) == 0, "no connection left");
        await Assert.ThrowsAnyAsync<StoreException>(() => last.Store!.ListAsync(null, CancellationToken.None));
        IFlannelNode again = await networks.CreateAsync(last.Name, network => Use(network, server, last.Name));
        await again.WaitForReadyAsync(Limit);
    }

    [SkippableFact]
    public async Task Networks_WithOtherSettings_DoNotShare()
    {
        await using EtcdServer server = await EtcdServer.StartAsync();
        await using ServiceProvider provider = Build();
        var networks = provider.GetRequiredService<IFlannelNetworks>();
        await AddAsync("plain", _ => { });
        await AddAsync("again", options => (options.Prefix, options.Renewal) = ("/elsewhere", EtcdRenewal.Put));
        Assert.Equal(1, Connections(server));
        await AddAsync("slow", options => options.RequestTimeout = TimeSpan.FromSeconds(17));
        await AddAsync("user", options => (options.Username, options.Password, options.AllowInsecureCredentials) = ("somebody", "secret", true));
        await AddAsync("hook", options => options.ConfigureHandler(Change));
        Assert.Equal(4, Connections(server));
        await AddAsync("hook2", options => options.ConfigureHandler(Change));

        Assert.Equal(4, Connections(server));

        async Task AddAsync(string name, Action<EtcdStoreOptions> configure)
        {
            IFlannelNode node = await networks.CreateAsync(name, network => Use(network, server, name, configure));
            await node.Store!.ListAsync(null, CancellationToken.None);
        }

        static void Change(SocketsHttpHandler handler) => handler.MaxConnectionsPerServer = 7;
    }

    [SkippableFact]
    public async Task Reset_ByManyNetworksAtOnce_ConnectsOnceMore()
    {
        await using EtcdServer server = await EtcdServer.StartAsync();
        await using ServiceProvider provider = Build();
        var networks = provider.GetRequiredService<IFlannelNetworks>();
        int connected = 0;
        Action<SocketsHttpHandler> count = handler =>
        {
            Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>> connect = handler.ConnectCallback!;
            handler.ConnectCallback = (context, cancellationToken) =>
            {
                Interlocked.Increment(ref connected);
                return connect(context, cancellationToken);
            };
        };
        for (int number = 0; number < 4; number++)
        {
            await networks.CreateAsync(
                $"{number}", network => Use(network, server, $"{number}", options => options.ConfigureHandler(count)));
        }

        ILeaseStore[] stores = [.. networks.All.Select(node => node.Store!)];
        foreach (ILeaseStore store in stores) await store.ListAsync(null, CancellationToken.None);
        Assert.Equal(1, connected);

        foreach (ILeaseStore store in stores)
        {
            store.ResetConnections();
            await LabStore.EventuallyAsync(() => store.ListAsync(null, CancellationToken.None));
        }

        Assert.Equal(2, connected);
    }

    [SkippableFact]
    public async Task Stores_DisposedOfTwiceAndInAnyOrder_CloseOnce()
    {
        await using EtcdServer server = await EtcdServer.StartAsync();
        await using ServiceProvider provider = Build();
        var networks = provider.GetRequiredService<IFlannelNetworks>();
        foreach (string name in new[] { "a", "b" }) await networks.CreateAsync(name, network => Use(network, server, name));
        ILeaseStore first = networks.Find("a")!.Store!, second = networks.Find("b")!.Store!;
        await second.ListAsync(null, CancellationToken.None);

        await ((IAsyncDisposable)first).DisposeAsync();
        await networks.RemoveAsync("a");
        ((IDisposable)first).Dispose();

        await second.ListAsync(null, CancellationToken.None);
    }

    private static ServiceProvider Build(Action<IServiceCollection>? configure = null)
    {
        var services = new ServiceCollection();
        services.AddSingleton<IHostNetwork>(new InMemoryHostNetwork()).AddFlannelNetworks();
        configure?.Invoke(services);
        return services.BuildServiceProvider();
    }

    private static void Use(IFlannelBuilder network, EtcdServer server, string name, Action<EtcdStoreOptions>? configure = null) => network
        .UseEtcd(options =>
        {
            options.Endpoints = server.Endpoints;
            options.Prefix = $"/{name}";
            configure?.Invoke(options);
        })
        .UseBackend(new FakeBackend());

    /// <summary>How many sockets of this process are connected to the server.</summary>
    private static int Connections(EtcdServer server)
    {
        HashSet<string> own = [.. Directory.GetFiles("/proc/self/fd").Select(TargetOf).OfType<string>()];
        string port = new Uri(server.Endpoints[0]).Port.ToString("X4", CultureInfo.InvariantCulture);
        return File.ReadLines("/proc/net/tcp").Concat(File.ReadLines("/proc/net/tcp6")).Skip(1)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Count(fields => fields[3] == "01" && fields[2].EndsWith($":{port}", StringComparison.Ordinal) && own.Contains($"socket:[{fields[9]}]"));
    }

    private static string? TargetOf(string link)
    {
        try
        {
            return new FileInfo(link).LinkTarget;
        }
        catch (IOException)
        {
            return null; // closed in the meantime
        }
    }
}

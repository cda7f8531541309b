using System.Net;
using Flannel.Extensibility;
using Flannel.Lab.Backends;
using Flannel.Lab.Logging;
using Flannel.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Tests.Hosting;

/// <summary>One node on fakes: a host, a backend and a store that the test moves, and the real rest.</summary>
internal sealed class NodeFixture : IAsyncDisposable
{
    public const string ConfigJson = """{"Network":"10.5.0.0/16","Backend":{"Type":"fake"}}""";
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly ServiceProvider _provider;

    public NodeFixture(
        Action<FlannelOptions>? configure = null,
        InMemoryLeaseStore? memory = null,
        ILeaseStore? store = null,
        string address = "192.168.100.1",
        ITrafficRules? rules = null,
        FakeTrafficRules? formerRules = null,
        TimeProvider? time = null)
    {
        Memory = memory ?? new InMemoryLeaseStore(ConfigJson);
        Host = new InMemoryHostNetwork(address);
        var services = new ServiceCollection();
        services.AddSingleton<IHostNetwork>(Host).AddSingleton<ILoggerFactory>(new OneLoggerFactory(Logger));
        if (time is not null) services.AddSingleton(time);
        IFlannelBuilder network = services.AddFlannel(options =>
        {
            options.PeerGracePeriod = TimeSpan.Zero;
            options.MassRemovalGracePeriod = TimeSpan.Zero;
            configure?.Invoke(options);
        }).UseStore(store ?? Memory).UseBackend(Backend);
        if (rules is not null) network.UseTrafficRules((_, _) => rules);
        if (formerRules is not null) network.UseTrafficRules((_, _) => formerRules);
        _provider = services.BuildServiceProvider();
        Node = _provider.GetRequiredService<IFlannelNode>();
    }

    public InMemoryLeaseStore Memory { get; }

    public InMemoryHostNetwork Host { get; }

    public FakeBackend Backend { get; } = new();

    public RecordingLogger<IFlannelNode> Logger { get; } = new();

    public IFlannelNode Node { get; }

    public FakeBackendNetwork Network => Backend.Networks[^1];

    public async Task ReadyAsync()
    {
        await Node.StartAsync();
        await Node.WaitForReadyAsync().WaitAsync(Limit);
    }

    public async Task<FlannelNodeStatus> UntilAsync(Func<FlannelNodeStatus, bool> condition)
    {
        using var limit = new CancellationTokenSource(Limit);
        FlannelNodeStatus last = Node.Status;
        try
        {
            await foreach (FlannelNodeStatus status in Node.WatchAsync(limit.Token))
            {
                last = status;
                if (condition(status)) return status;
            }
        }
        catch (OperationCanceledException)
        {
            // Reported below with what was seen last.
        }

        throw new TimeoutException($"The node did not get there; it is {last.State}: {last.Reason}");
    }

    public void AddPeer(string subnet, string publicIP, string backend = "fake") =>
        Memory.Put(
            new SubnetKey(IPNetwork.Parse(subnet), null),
            new LeaseAttributes { PublicIP = IPAddress.Parse(publicIP), BackendType = backend },
            TimeSpan.FromHours(24));

    public ValueTask DisposeAsync() => _provider.DisposeAsync();

    /// <summary>The configuration with another backend.</summary>
    public static string With(string backend) => ConfigJson.Replace("fake", backend, StringComparison.Ordinal);
}

using System.Diagnostics.Metrics;
using System.Net.Sockets;
using Flannel;
using Flanneld.Health;
using Flanneld.Logging;
using Flanneld.Metrics;
using Flanneld.Systemd;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Flanneld.Hosting;

/// <summary>
/// Wires the packages to the flags and keeps the node until a signal comes. There is no generic host: a node needs none, and the process starts in
/// half the time.
/// </summary>
internal sealed class Daemon(Settings settings, ILoggerFactory loggers, TimeProvider time)
{
    /// <summary>What a graceful stop may take before systemd (90 s) or a user loses patience.</summary>
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(10);

    private readonly ILogger _logger = loggers.CreateLogger<Daemon>();

    /// <summary>Runs until <paramref name="stop"/>.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(CancellationToken stop)
    {
        using var meters = new MeterFactory();
        await using ServiceProvider provider = Register(meters).BuildServiceProvider();
        IFlannelNode node;
        try
        {
            node = provider.GetRequiredService<IFlannelNode>();
        }
        catch (OptionsValidationException exception)
        {
            // What the flags' own rules leave to those of the packages.
            foreach (string problem in exception.Failures)
                await Console.Error.WriteLineAsync($"flanneld: {LogText.OnOneLine(SettingsRules.InFlags(problem))}");
            return 1;
        }

        using MetricsCollector? metrics = settings.HealthEndpoint is null ? null : new MetricsCollector(meters);
        HealthServer? health;
        try
        {
            health = settings.HealthEndpoint is { } endpoint
                ? HealthServer.Start(endpoint, path => Answer(path, node, metrics!), time, loggers.CreateLogger<HealthServer>())
                : null;
        }
        catch (SocketException exception)
        {
            await Console.Error.WriteLineAsync(
                $"flanneld: the health server cannot listen on {settings.HealthEndpoint}: {exception.Message}; change -healthz-ip or -healthz-port");
            return 1;
        }

        await using (health)
        {
            using var systemd = new SystemdNotifier(Environment.GetEnvironmentVariable("NOTIFY_SOCKET"));
            await FollowAsync(node, provider, new NodeReporter(systemd, settings.StoreName, _logger, time), stop);
            systemd.Stopping();
            using var limit = new CancellationTokenSource(StopLimit, time);
            await node.StopAsync(limit.Token);
        }

        return 0;
    }

    private ServiceCollection Register(MeterFactory meters)
    {
        var services = new ServiceCollection();
        services.AddSingleton(time);
        services.AddSingleton(loggers);
        services.AddSingleton<IMeterFactory>(meters);
        IFlannelBuilder flannel = services.AddFlannel(settings.Configure)
            .UseVxlan()
            .UseUdp(settings.Configure)
            .UseHostGateway()
            .UseAlloc()
            .UseTrafficRules();
        _ = settings.Store switch
        {
            StoreKind.Kubernetes => flannel.UseKubernetes(settings.Configure),
            StoreKind.Memory => flannel.UseInMemoryStore(),
            _ => flannel.UseEtcd(settings.Configure),
        };
        return services;
    }

    private async Task FollowAsync(IFlannelNode node, ServiceProvider provider, NodeReporter reporter, CancellationToken stop)
    {
        List<Task> loops = [];
        if (settings.Store == StoreKind.Memory)
        {
            var file = new NetConfigFile(settings.NetConfigPath, settings.IsNetConfigPathGiven, _logger, time);
            var store = provider.GetRequiredKeyedService<InMemoryLeaseStore>(node.Name);
            file.ReadInto(store);
            loops.Add(file.FollowAsync(store, stop));
        }

        await node.StartAsync(CancellationToken.None);
        loops.Add(reporter.FollowAsync(node, stop));
        await Task.WhenAll(loops);
    }

    private static HttpAnswer? Answer(string path, IFlannelNode node, MetricsCollector metrics)
    {
        switch (path)
        {
            case "/healthz":
                return new HttpAnswer(200, "flanneld is running");
            case "/readyz":
                Readiness readiness = Readiness.Of(node.Status);
                string text = readiness.IsReady ? "flanneld is ready" : "flanneld is not ready yet";
                return new HttpAnswer(readiness.IsReady ? 200 : 503, readiness.Reason.Length > 0 ? $"{text}\n{readiness.Reason}\n" : text);
            case "/metrics":
                return new HttpAnswer(200, metrics.Write()) { ContentType = MetricsCollector.ContentType };
            default:
                return null;
        }
    }
}

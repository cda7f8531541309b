using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Flannel.Extensibility;
using Flannel.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Tests.Hosting;

/// <summary>What operators see of a node: metrics with the network's name, and one log line per transition.</summary>
public class ObservationTests
{
    [Fact]
    public async Task Metrics_TwoNetworks_AreToldApartByName()
    {
        await using ServiceProvider provider = Build(out _, "red", "blue");
        IFlannelNode red = provider.GetRequiredKeyedService<IFlannelNode>("red");
        _ = provider.GetRequiredKeyedService<IFlannelNode>("blue");
        await red.StartAsync();
        await red.WaitForReadyAsync().WaitAsync(TimeSpan.FromSeconds(30));

        var seen = new ConcurrentDictionary<(string Instrument, string Network), double>();
        var meters = provider.GetRequiredService<IMeterFactory>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            // Other tests have networks of these names at the same time.
            if (instrument.Meter.Name == FlannelTelemetry.MeterName && instrument.Meter.Scope == meters) self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) =>
        {
            Assert.Empty(instrument.Meter.Tags ?? []);
            seen[(instrument.Name, (string)tags.ToArray().Single(tag => tag.Key == FlannelTelemetry.NetworkTag).Value!)] = value;
        });
        listener.Start();
        listener.RecordObservableInstruments();

        Assert.Equal(1, seen[(FlannelTelemetry.NodeHealthy, "red")]);
        Assert.Equal(0, seen[(FlannelTelemetry.NodeHealthy, "blue")]);
        Assert.Equal(0, seen[(FlannelTelemetry.Peers, "red")]);
        Assert.InRange(seen[(FlannelTelemetry.LeaseExpiresIn, "red")], 1, TimeSpan.FromHours(24).TotalSeconds);
        Assert.DoesNotContain((FlannelTelemetry.LeaseExpiresIn, "blue"), seen.Keys);
    }

    [Fact]
    public async Task Log_StartThatKeepsFailing_IsOneLineUntilItHeals()
    {
        await using ServiceProvider provider = Build(out RecordingLogger log, "red");
        var host = (InMemoryHostNetwork)provider.GetRequiredService<IHostNetwork>();
        host.AccessError = new MissingCapabilityException("CAP_NET_ADMIN", "programming the network");
        IFlannelNode node = provider.GetRequiredKeyedService<IFlannelNode>("red");
        await node.StartAsync();
        await Assert.ThrowsAsync<MissingCapabilityException>(() => node.WaitForReadyAsync());

        // At least one more attempt fails in the meantime.
        int attempts = host.AccessChecks;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (host.AccessChecks < attempts + 2) await Task.Delay(10, limit.Token);
        string line = Assert.Single(log.Lines, line => line.Contains("CAP_NET_ADMIN", StringComparison.Ordinal));
        Assert.StartsWith("Error: Network 'red' is Failed: ", line, StringComparison.Ordinal);

        host.AccessError = null;
        await foreach (FlannelNodeStatus status in node.WatchAsync(limit.Token))
        {
            if (status.State == FlannelNodeState.Ready) break;
        }

        // A line follows the status that it tells of.
        while (!log.Lines.Any(line => line.StartsWith("Information: Network 'red' is Ready.", StringComparison.Ordinal)))
            await Task.Delay(10, limit.Token);
    }

    private static ServiceProvider Build(out RecordingLogger log, params string[] networks)
    {
        var services = new ServiceCollection();
        var recorder = log = new RecordingLogger();
        services.AddMetrics().AddLogging(logging => logging.AddProvider(recorder));
        services.AddSingleton<IHostNetwork>(new InMemoryHostNetwork());
        foreach (string network in networks)
        {
            services.AddFlannel(network).UseInMemoryStore(NodeFixture.ConfigJson).UseBackend(new FakeBackend());
        }

        return services.BuildServiceProvider();
    }

    private sealed class RecordingLogger : ILoggerProvider, ILogger
    {
        private readonly ConcurrentQueue<string> _lines = new();

        public IReadOnlyList<string> Lines => [.. _lines];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _lines.Enqueue($"{logLevel}: {formatter(state, exception)}");

        public void Dispose()
        {
        }
    }
}

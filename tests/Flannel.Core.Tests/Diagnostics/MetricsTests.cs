using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Flannel.Architecture.Tests.Docs;
using Flannel.Core.Leases;
using Flannel.Core.Tests.Hosting;
using Flannel.Extensibility;
using Flannel.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Core.Tests.Diagnostics;

public sealed class MetricsTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, MetricsPage.Instrument> _measured = new();
    private readonly ConcurrentDictionary<string, double> _values = new();
    private readonly ConcurrentDictionary<string, double> _drops = new();
    private readonly MeterListener _listener = new();
    private readonly string _network = Guid.NewGuid().ToString();

    public MetricsTests()
    {
        _listener.InstrumentPublished = static (instrument, self) =>
        {
            if (instrument.Meter.Name == FlannelTelemetry.MeterName) self.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.Start();
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task Instruments_WithoutAMeterFactory_AreThereAndAsThePageSays()
    {
        await using ServiceProvider provider = await StartAsync();
        var metrics = new LeaseMetrics(null, _network);
        metrics.CountRenewal(succeeded: true);
        metrics.CountOutage(isSilent: true);
        metrics.CountAbandoned();
        metrics.CountConflict(isKept: true);

        _listener.RecordObservableInstruments();

        Assert.Equal(
            MetricsPage.Read().InstrumentsOf(FlannelTelemetry.MeterName).OrderBy(static instrument => instrument.Name, StringComparer.Ordinal),
            _measured.Values.OrderBy(static instrument => instrument.Name, StringComparer.Ordinal));
        Assert.Equal(1, _values[FlannelTelemetry.NodeHealthy]);
        Assert.Equal(
            [("container", 20), ("foreign_destination", 4000), ("foreign_source", 300), ("unknown_sender", 1)],
            _drops.OrderBy(static drop => drop.Key, StringComparer.Ordinal).Select(static drop => (drop.Key, drop.Value)));
    }

    [Fact]
    public async Task Gauges_OfANodeThatIsGone_AreGone()
    {
        await using (await StartAsync())
        {
            _listener.RecordObservableInstruments();
            Assert.NotEmpty(_values);
        }

        _values.Clear();
        _listener.RecordObservableInstruments();

        Assert.Empty(_values);
    }

    [Fact]
    public void Counters_OfManyNetworks_AreOneInstrumentEach()
    {
        int published = 0;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Name == FlannelTelemetry.StoreAbandoned && instrument.Meter.Scope is null) published++;
            },
        };
        for (int i = 0; i < 10; i++) _ = new LeaseMetrics(null, $"{i}");

        listener.Start();

        Assert.Equal(1, published);
    }

    private async Task<ServiceProvider> StartAsync()
    {
        var backend = new FakeBackend();
        var services = new ServiceCollection();
        services.AddSingleton<IHostNetwork>(new InMemoryHostNetwork());
        services.AddFlannel(_network).UseInMemoryStore(NodeFixture.ConfigJson).UseBackend((_, _) => backend);
        ServiceProvider provider = services.BuildServiceProvider();
        IFlannelNode node = provider.GetRequiredKeyedService<IFlannelNode>(_network);
        await node.StartAsync();
        await node.WaitForReadyAsync().WaitAsync(Limit);
        backend.Networks[0].Report(static status => status with { Guard = new GuardStatus { Drops = new GuardDrops(1, 20, 300, 4000) } });
        using var limit = new CancellationTokenSource(Limit);
        await foreach (FlannelNodeStatus status in node.WatchAsync(limit.Token))
        {
            if (status.Guard is not null) break;
        }

        return provider;
    }

    private void Note(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        KeyValuePair<string, object?>[] all = tags.ToArray();
        if (!all.Contains(new(FlannelTelemetry.NetworkTag, _network))) return;
        _measured[instrument.Name] = MetricsPage.Describe(instrument, all.Select(static tag => tag.Key));
        _values[instrument.Name] = value;
        if (instrument.Name == FlannelTelemetry.GuardDrops)
            _drops[(string)all.Single(static tag => tag.Key == FlannelTelemetry.ReasonTag).Value!] = value;
    }
}

using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Flannel.Architecture.Tests.Docs;
using Flannel.Backends.Udp.Packets;
using Flannel.Backends.Udp.Tests.Support;
using Flannel.Extensibility;
using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flannel.Backends.Udp.Tests.Diagnostics;

public sealed class UdpMetricsTests
{
    [NetnsTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Counters_WhenCollected_TellWhatTheThreadsDid(bool hasFactory)
    {
        string name = Guid.NewGuid().ToString();
        await using UdpCluster cluster = UdpCluster.Create();
        UdpNode other = await cluster.AddNodeAsync(cluster.Lab.Hosts[1]);
        await using ServiceProvider provider = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var backend = new UdpBackend(
            new UdpBackendOptions(),
            new KernelServices(TimeProvider.System, new Random(1), NullLogger.Instance),
            hasFactory ? provider.GetRequiredService<IMeterFactory>() : null);
        LabHost host = cluster.Lab.Hosts[0];
        IBackendNetwork network = await backend.CreateNetworkAsync(
            new BackendContext
            {
                NetworkName = name,
                Config = UdpCluster.ConfigOf(),
                ExternalInterface = host.External,
                NetworkNamespace = host.NamespaceName,
            },
            CancellationToken.None);
        Lease own = UdpCluster.LeaseOf(host, 1);
        await network.StartAsync(own, CancellationToken.None);
        network.SetPeers([other.Lease]);
        other.Network.SetPeers([own]);
        Assert.True((await host.PingAsync(other.Address, new PingOptions { Count = 3, PacketSize = 100 })).AllAnswered);

        Dictionary<string, long> found = Collect(name, out IReadOnlyList<MetricsPage.Instrument> instruments);

        Assert.Equal(
            MetricsPage.Read().InstrumentsOf(UdpTelemetry.MeterName).OrderBy(static instrument => instrument.Name, StringComparer.Ordinal),
            instruments);
        Assert.Equal(3, found["flannel.udp.packets sent"]);
        Assert.Equal(300, found["flannel.udp.bytes sent"]);
        Assert.Equal(3, found["flannel.udp.peer.packets received 10.5.2.0-24"]);
        Assert.True(found["flannel.udp.calls received"] >= 4);
        Assert.Equal(0, found["flannel.udp.drops received unknown_sender"]);
        Assert.Equal(
            2 * (Enum.GetValues<PacketDrop>().Length - 1),
            found.Keys.Count(static key => key.StartsWith(UdpTelemetry.Drops, StringComparison.Ordinal)));
        await network.DisposeAsync();
        Assert.Empty(Collect(name, out _));
    }

    private static Dictionary<string, long> Collect(string network, out IReadOnlyList<MetricsPage.Instrument> instruments)
    {
        var found = new ConcurrentDictionary<string, long>();
        var described = new ConcurrentDictionary<string, MetricsPage.Instrument>();
        using var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Meter.Name == UdpTelemetry.MeterName) listener.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            KeyValuePair<string, object?>[] all = tags.ToArray();
            if (!all.Contains(new(FlannelTelemetry.NetworkTag, network))) return;
            IEnumerable<string?> others = all.Where(static tag => tag.Key != FlannelTelemetry.NetworkTag).Select(static tag => tag.Value?.ToString());
            found[string.Join(' ', [instrument.Name, .. others])] = value;
            described[instrument.Name] = MetricsPage.Describe(instrument, all.Select(static tag => tag.Key));
        });
        listener.Start();
        listener.RecordObservableInstruments();
        instruments = [.. described.Values.OrderBy(static instrument => instrument.Name, StringComparer.Ordinal)];
        return new Dictionary<string, long>(found);
    }
}

using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
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
    [NetnsFact]
    public async Task Counters_WhenCollected_TellWhatTheThreadsDid()
    {
        await using UdpCluster cluster = UdpCluster.Create();
        UdpNode other = await cluster.AddNodeAsync(cluster.Lab.Hosts[1]);
        await using ServiceProvider provider = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var backend = new UdpBackend(
            new UdpBackendOptions(),
            new KernelServices(TimeProvider.System, new Random(1), NullLogger.Instance),
            provider.GetRequiredService<IMeterFactory>());
        LabHost host = cluster.Lab.Hosts[0];
        IBackendNetwork network = await backend.CreateNetworkAsync(
            new BackendContext
            {
                NetworkName = "blue",
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

        Dictionary<string, long> found = Collect();

        Assert.Equal(3, found["flannel.udp.packets sent"]);
        Assert.Equal(300, found["flannel.udp.bytes sent"]);
        Assert.Equal(3, found["flannel.udp.peer.packets received 10.5.2.0-24"]);
        Assert.True(found["flannel.udp.calls received"] >= 4);
        Assert.Equal(0, found["flannel.udp.drops received unknown_sender"]);
        Assert.Equal(2 * (Enum.GetValues<PacketDrop>().Length - 1), found.Keys.Count(static key => key.StartsWith(UdpTelemetry.Drops, StringComparison.Ordinal)));
        await network.DisposeAsync();
        Assert.Empty(Collect());
    }

    private static Dictionary<string, long> Collect()
    {
        var found = new ConcurrentDictionary<string, long>();
        using var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Meter.Name == UdpTelemetry.MeterName) listener.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
            found[string.Join(' ', [instrument.Name, .. tags.ToArray().Select(static tag => tag.Value?.ToString())])] = value);
        listener.Start();
        listener.RecordObservableInstruments();
        return new Dictionary<string, long>(found);
    }
}

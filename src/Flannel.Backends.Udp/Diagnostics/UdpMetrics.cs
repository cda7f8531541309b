using System.Diagnostics.Metrics;
using System.Runtime.Versioning;
using System.Text.Json;
using Flannel.Backends.Udp.DataPath;
using Flannel.Backends.Udp.Packets;

namespace Flannel.Backends.Udp.Diagnostics;

/// <summary>
/// The network's counters; they read what the threads count when somebody collects, cost the threads nothing, and vanish with the network.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class UdpMetrics : IDisposable
{
    private static readonly KeyValuePair<string, object?> Sent = new(FlannelTelemetry.DirectionTag, "sent");
    private static readonly KeyValuePair<string, object?> Received = new(FlannelTelemetry.DirectionTag, "received");

    private static readonly KeyValuePair<string, object?>[] Reasons =
        [.. Enum.GetValues<PacketDrop>().Select(static reason => KeyValuePair.Create<string, object?>(
            FlannelTelemetry.ReasonTag, JsonNamingPolicy.SnakeCaseLower.ConvertName(reason.ToString())))];

    private readonly UdpNetwork _network;
    private readonly KeyValuePair<string, object?> _name;
    private readonly Meter _meter;

    /// <summary>Creates the instruments.</summary>
    /// <param name="factory">Whose meter it counts as, if there is a factory.</param>
    /// <param name="name">The network's name in this process.</param>
    /// <param name="network">What is read.</param>
    public UdpMetrics(IMeterFactory? factory, string name, UdpNetwork network)
    {
        _network = network;
        _name = new KeyValuePair<string, object?>(FlannelTelemetry.NetworkTag, name);
        _meter = new Meter(new MeterOptions(UdpTelemetry.MeterName)
        {
            Version = typeof(UdpMetrics).Assembly.GetName().Version?.ToString(3),
            Scope = factory,
        });
        Counter(UdpTelemetry.Packets, "{packet}", "Packets carried.", () => Both(static counters => counters.Packets));
        Counter(UdpTelemetry.Bytes, "By", "Bytes carried.", () => Both(static counters => counters.Bytes));
        Counter(UdpTelemetry.Calls, "{call}", "System calls.", () => Both(static counters => counters.Reads + counters.Writes));
        Counter(
            UdpTelemetry.Drops,
            "{packet}",
            "Packets that went no further.",
            () => [.. DropsOf(network.Sent, Sent), .. DropsOf(network.Received, Received)]);
        Counter(
            UdpTelemetry.PeerPackets,
            "{packet}",
            "Packets to and from a peer.",
            () => OfPeers(static peer => (peer.SentPackets, peer.ReceivedPackets)));
        Counter(
            UdpTelemetry.PeerBytes, "By", "Bytes to and from a peer.", () => OfPeers(static peer => (peer.SentBytes, peer.ReceivedBytes)));

        void Counter(string instrument, string unit, string description, Func<IEnumerable<Measurement<long>>> read) =>
            _meter.CreateObservableCounter(instrument, read, unit, description);
    }

    public void Dispose() => _meter.Dispose();

    private Measurement<long>[] Both(Func<DirectionCounters, long> read) =>
        [new(read(_network.Sent), _name, Sent), new(read(_network.Received), _name, Received)];

    private IEnumerable<Measurement<long>> DropsOf(DirectionCounters counters, KeyValuePair<string, object?> direction)
    {
        for (int reason = 1; reason < ThreadCounters.Reasons; reason++)
            yield return new Measurement<long>(counters.DropsOf((PacketDrop)reason), _name, direction, Reasons[reason]);
    }

    private IEnumerable<Measurement<long>> OfPeers(Func<PeerStatistics, (long Sent, long Received)> read)
    {
        foreach ((SubnetKey peer, PeerStatistics statistics) in _network.GetStatistics())
        {
            KeyValuePair<string, object?> tag = new(FlannelTelemetry.PeerTag, peer.ToString());
            (long sent, long received) = read(statistics);
            yield return new Measurement<long>(sent, _name, Sent, tag);
            yield return new Measurement<long>(received, _name, Received, tag);
        }
    }
}

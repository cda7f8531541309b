using System.Diagnostics.Metrics;
using Flanneld.Metrics;

namespace Flanneld.Tests.Metrics;

public sealed class MetricsCollectorTests : IDisposable
{
    private readonly MeterFactory _factory = new();
    private readonly MetricsCollector _collector;

    public MetricsCollectorTests() => _collector = new MetricsCollector(_factory);

    public void Dispose()
    {
        _collector.Dispose();
        _factory.Dispose();
    }

    [Fact]
    public void Instruments_AreWrittenInPrometheusFormat()
    {
        Meter meter = _factory.Create(new MeterOptions("Flannel.Test"));
        Counter<long> counter = meter.CreateCounter<long>("flannel.renewals", "{renewal}", "Attempts.");
        meter.CreateObservableGauge(
            "flannel.expires_in", () => new Measurement<double>(1.5, new KeyValuePair<string, object?>("flannel.network", "blue \"1\"\n")), "s");
        Histogram<double> histogram = meter.CreateHistogram<double>("flannel.duration", "s");
        UpDownCounter<int> upDown = meter.CreateUpDownCounter<int>("flannel.open");
        counter.Add(2, new KeyValuePair<string, object?>("flannel.result", "ok"));
        counter.Add(1, new KeyValuePair<string, object?>("flannel.result", "failed"));
        counter.Add(1, new KeyValuePair<string, object?>("flannel.result", "ok"));
        histogram.Record(0.25);
        histogram.Record(0.5);
        upDown.Add(3);
        upDown.Add(-1);

        Assert.Equal(
            """
            # TYPE flannel_duration_seconds summary
            flannel_duration_seconds_sum 0.75
            flannel_duration_seconds_count 2
            # TYPE flannel_expires_in_seconds gauge
            flannel_expires_in_seconds{flannel_network="blue \"1\"\n"} 1.5
            # TYPE flannel_open gauge
            flannel_open 2
            # HELP flannel_renewals_total Attempts.
            # TYPE flannel_renewals_total counter
            flannel_renewals_total{flannel_result="failed"} 1
            flannel_renewals_total{flannel_result="ok"} 3

            """,
            _collector.Write());
    }

    [Fact]
    public void Gauge_ThatIsNotObservedAnyMore_IsGone()
    {
        bool isThere = true;
        Measurement<int>[] one = [new(1)];
        _factory.Create(new MeterOptions("Flannel.Test")).CreateObservableGauge("flannel.sometimes", () => isThere ? one : []);

        Assert.Contains("flannel_sometimes 1", _collector.Write(), StringComparison.Ordinal);
        isThere = false;
        Assert.Equal("", _collector.Write());
    }

    [Fact]
    public void Labels_WithoutAValue_AreLeftOut()
    {
        KeyValuePair<string, object?> network = new("flannel.network", "");
        Counter<long> counter = _factory.Create(new MeterOptions("Flannel.Test")).CreateCounter<long>("flannel.renewals");
        counter.Add(1, network);
        counter.Add(2, network, new("flannel.result", "ok"));

        Assert.Contains(
            "\nflannel_renewals_total 1\nflannel_renewals_total{flannel_result=\"ok\"} 2\n", _collector.Write(), StringComparison.Ordinal);
    }

    [Fact]
    public void Meter_ThatItsOwnerDisposes_IsGone()
    {
        var meter = new Meter(new MeterOptions("Flannel.Test") { Scope = _factory });
        meter.CreateObservableGauge("flannel.own", static () => 1);
        meter.CreateCounter<int>("flannel.counted").Add(1);
        Assert.Contains("flannel_own 1", _collector.Write(), StringComparison.Ordinal);

        meter.Dispose();

        Assert.Equal("", _collector.Write());
    }

    [Fact]
    public void Meters_OfOthers_AreLeftOut()
    {
        using var meter = new Meter("Flannel.Test");
        meter.CreateCounter<long>("flannel.other").Add(1);

        Assert.Equal("", _collector.Write());
    }
}

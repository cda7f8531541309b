using System.Diagnostics.Metrics;
using System.Text;

namespace Flanneld.Metrics;

/// <summary>Keeps the values of one meter factory's instruments and writes them in Prometheus' text format (version 0.0.4).</summary>
internal sealed class MetricsCollector : IDisposable
{
    /// <summary>The format's media type.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    // A bound in case an instrument has a label without one.
    private const int MaxSeries = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<Instrument, SortedDictionary<string, Series>> _series = [];
    private readonly MeterListener _listener = new();

    public MetricsCollector(MeterFactory factory)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == factory) listener.EnableMeasurementEvents(instrument);
        };
        // What was measured of a network that is gone is no news any more.
        _listener.MeasurementsCompleted = (instrument, _) =>
        {
            lock (_gate) _series.Remove(instrument);
        };
        _listener.SetMeasurementEventCallback<byte>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<short>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<float>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<decimal>((instrument, value, tags, _) => Record(instrument, (double)value, tags));
        _listener.Start();
    }

    /// <summary>Everything as it is now.</summary>
    public string Write()
    {
        lock (_gate)
        {
            // What is observed is reported again each time; what is missing is gone.
            foreach ((Instrument instrument, SortedDictionary<string, Series> series) in _series)
            {
                if (instrument.IsObservable) series.Clear();
            }

            _listener.RecordObservableInstruments();
            var text = new StringBuilder();
            foreach (
                (Instrument instrument, SortedDictionary<string, Series> series) in _series.OrderBy(pair => pair.Key.Name, StringComparer.Ordinal))
            {
                PrometheusText.Append(text, instrument, series);
            }

            return text.ToString();
        }
    }

    public void Dispose() => _listener.Dispose();

    private void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        string labels = PrometheusText.Labels(tags);
        lock (_gate)
        {
            if (!_series.TryGetValue(instrument, out SortedDictionary<string, Series>? all))
                _series.Add(instrument, all = new SortedDictionary<string, Series>(StringComparer.Ordinal));
            if (!all.TryGetValue(labels, out Series? series))
            {
                if (all.Count >= MaxSeries) return;
                all.Add(labels, series = new Series());
            }

            series.Count++;
            series.Value = PrometheusText.Accumulates(instrument) ? series.Value + value : value;
        }
    }
}

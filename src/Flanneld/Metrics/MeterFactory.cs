using System.Diagnostics.Metrics;

namespace Flanneld.Metrics;

/// <summary>Makes the packages' meters, and owns them.</summary>
internal sealed class MeterFactory : IMeterFactory
{
    private readonly Lock _gate = new();
    private readonly List<Meter> _meters = [];

    public Meter Create(MeterOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Scope = this;
        var meter = new Meter(options);
        lock (_gate) _meters.Add(meter);
        return meter;
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (Meter meter in _meters) meter.Dispose();
            _meters.Clear();
        }
    }
}

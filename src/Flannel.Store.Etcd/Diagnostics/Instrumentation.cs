using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Flannel.Store.Etcd.Diagnostics;

/// <summary>Where this package's measurements and activities come from, for programs with an <see cref="IMeterFactory"/> and without.</summary>
internal static class Instrumentation
{
    /// <summary>The source of all activities. Without a listener it makes none.</summary>
    public static readonly ActivitySource Source = new(EtcdTelemetry.ActivitySourceName, Version);

    // Without a factory nobody owns a meter, and a listener by name still gets the measurements.
    private static readonly Meter Shared = new(EtcdTelemetry.MeterName, Version);

    private static string? Version => typeof(Instrumentation).Assembly.GetName().Version?.ToString(3);

    /// <summary>The meter for all instruments: it lives as long as the factory, or the process.</summary>
    public static Meter MeterOf(IMeterFactory? factory) =>
        factory?.Create(new MeterOptions(EtcdTelemetry.MeterName) { Version = Version }) ?? Shared;
}

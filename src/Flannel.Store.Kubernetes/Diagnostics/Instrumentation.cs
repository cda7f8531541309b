using System.Diagnostics.Metrics;

namespace Flannel.Store.Kubernetes.Diagnostics;

/// <summary>Where this package's measurements come from, for programs with an <see cref="IMeterFactory"/> and without.</summary>
internal static class Instrumentation
{
    // Without a factory nobody owns a meter, and a listener by name still gets the measurements.
    private static readonly Meter Shared = new(KubernetesTelemetry.MeterName, Version);

    private static string? Version => typeof(Instrumentation).Assembly.GetName().Version?.ToString(3);

    /// <summary>The meter for all instruments: it lives as long as the factory, or the process.</summary>
    public static Meter MeterOf(IMeterFactory? factory) =>
        factory?.Create(new MeterOptions(KubernetesTelemetry.MeterName) { Version = Version }) ?? Shared;
}

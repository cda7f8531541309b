using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Json;

namespace Flannel.Core.Diagnostics;

/// <summary>Where this package's measurements and activities come from, for programs with an <see cref="IMeterFactory"/> and without.</summary>
internal static class Instrumentation
{
    /// <summary>The source of all activities. Without a listener it makes none.</summary>
    public static readonly ActivitySource Source = new(FlannelTelemetry.ActivitySourceName, Version);

    // Without a factory nobody owns a meter, and a listener by name still gets the measurements.
    private static readonly Meter Shared = new(FlannelTelemetry.MeterName, Version);

    private static string? Version => typeof(Instrumentation).Assembly.GetName().Version?.ToString(3);

    /// <summary>The meter for counters: it lives as long as the factory, or the process.</summary>
    public static Meter MeterOf(IMeterFactory? factory) =>
        factory?.Create(new MeterOptions(FlannelTelemetry.MeterName) { Version = Version }) ?? Shared;

    /// <summary>
    /// A meter of its owner's own, who disposes it: instruments that are asked for their values would be kept by any other meter longer than what
    /// they ask. It counts as the factory's.
    /// </summary>
    public static Meter NewMeter(IMeterFactory? factory) => new(new MeterOptions(FlannelTelemetry.MeterName) { Version = Version, Scope = factory });

    /// <summary>Says how what the activity stands for has failed.</summary>
    /// <param name="activity">The activity, if anybody listens.</param>
    /// <param name="error">The failure.</param>
    public static void Fail(this Activity? activity, Exception error)
    {
        if (activity is null) return;
        activity.SetStatus(ActivityStatusCode.Error, error.Message);
        activity.SetTag(
            "error.type",
            error is StoreException { Kind: var kind } ? JsonNamingPolicy.SnakeCaseLower.ConvertName(kind.ToString()) : error.GetType().FullName);
    }
}

using System.Runtime;

namespace Flanneld.Hosting;

/// <summary>
/// No garbage is collected while the agent starts: what it reads then is garbage together, once it is ready. Each collection in between would take
/// milliseconds that containers wait for.
/// </summary>
internal static class CollectionPause
{
    // A start without peers allocates 4 MB. Who allocates more than this ends the pause by itself.
    private const long Budget = 8 << 20;

    /// <summary>Begins the pause.</summary>
    public static void Begin()
    {
        if (GCSettings.LatencyMode != GCLatencyMode.NoGCRegion) GC.TryStartNoGCRegion(Budget);
    }

    /// <summary>Ends the pause if it lasts.</summary>
    public static void End()
    {
        try
        {
            if (GCSettings.LatencyMode == GCLatencyMode.NoGCRegion) GC.EndNoGCRegion();
        }
        catch (InvalidOperationException)
        {
            // the budget ran out just now
        }
    }
}

using System.Runtime;

namespace Flanneld.Hosting;

/// <summary>
/// No garbage is collected while the agent starts: what it reads then is garbage together, once it is ready. Each collection in between would take
/// milliseconds that containers wait for.
/// </summary>
internal static class CollectionPause
{
    // Enough for a start without peers. With thousands of them the pause ends by what is allocated: four times as much gained no time there, and cost
    // 7 MB.
    private const long Budget = 8 << 20;

    /// <summary>Begins the pause.</summary>
    public static void Begin()
    {
        long available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes; // a container's limit counts; 0 before the first collection
        try
        {
            if (GCSettings.LatencyMode != GCLatencyMode.NoGCRegion) GC.TryStartNoGCRegion(available > 0 ? Math.Min(Budget, available / 8) : Budget);
        }
        catch (ArgumentOutOfRangeException)
        {
            // The heap was limited to less (DOTNET_GCHeapHardLimit): then there is no pause.
        }
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

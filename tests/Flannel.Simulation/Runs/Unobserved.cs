using Flannel.Simulation.Scheduling;

namespace Flannel.Simulation.Runs;

/// <summary>Exceptions of tasks that nobody looked at: a host may be told of them, or end by them.</summary>
internal static class Unobserved
{
    private static volatile Exception? _found;

    static Unobserved() => TaskScheduler.UnobservedTaskException += static (_, error) =>
    {
        if (!error.Exception.Flatten().InnerExceptions.All(SimulatedProcess.IsOfKilled)) _found ??= error.Exception;
    };

    /// <summary>Has the runtime find every task that is garbage.</summary>
    /// <returns>An exception that nobody looked at, or <see langword="null"/>.</returns>
    public static Exception? Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Interlocked.Exchange(ref _found, null);
    }
}

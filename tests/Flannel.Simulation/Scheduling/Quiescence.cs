using System.Runtime.CompilerServices;

namespace Flannel.Simulation.Scheduling;

/// <summary>
/// Waits until the thread pool has nothing more to do. The pool of this program has one thread, which the waiter runs on, too: when nothing is queued
/// while the waiter runs, every node waits for the scheduler.
/// </summary>
internal sealed class Quiescence : INotifyCompletion
{
    private static readonly Quiescence Turn = new();

    public bool IsCompleted => false;

    /// <summary>Returns when every continuation has run.</summary>
    public static async ValueTask WaitAsync()
    {
        do await Turn;
        while (ThreadPool.PendingWorkItemCount > 0);
    }

    /// <summary>Fails if the pool has more than one thread, because then chance decides what runs first.</summary>
    public static void RequireOneThread()
    {
        ThreadPool.GetMaxThreads(out int threads, out _);
        if (threads != 1)
        {
            throw new InvalidOperationException(
                $"The thread pool may have {threads} threads, so nothing would be reproducible. Run the simulation as the program " +
                "Flannel.Simulation, whose runtimeconfig.json allows one.");
        }
    }

    public Quiescence GetAwaiter() => this;

    public void GetResult()
    {
    }

    // Behind everything that is queued.
    public void OnCompleted(Action continuation) => ThreadPool.UnsafeQueueUserWorkItem(static next => next(), continuation, preferLocal: false);
}

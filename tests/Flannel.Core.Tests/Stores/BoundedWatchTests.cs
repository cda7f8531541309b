using System.Runtime.CompilerServices;
using Flannel.Core.Stores;
using Flannel.Testing;

namespace Flannel.Core.Tests.Stores;

public sealed class BoundedWatchTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Dispose_WatchThatBrokeBeforeAnybodyLooked_LeavesNoErrorUnobserved()
    {
        const string Reason = "The watch broke before anybody looked.";
        int unobserved = 0;
        EventHandler<UnobservedTaskExceptionEventArgs> count = (_, found) =>
        {
            if (found.Exception.InnerExceptions.Any(static error => error.Message == Reason)) Interlocked.Increment(ref unobserved);
        };
        TaskScheduler.UnobservedTaskException += count;
        try
        {
            // On another thread, whose stack is gone with what it refers to.
            await Task.Run(() => OpenAndCloseAsync(Reason).GetAwaiter().GetResult());
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= count;
        }

        Assert.Equal(0, unobserved);
    }

    // A method to itself, so that nothing refers to the watch when it has returned.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task OpenAndCloseAsync(string reason)
    {
        var store = new FaultyLeaseStore(new InMemoryLeaseStore(config: (string?)null)) { Away = new StoreException(reason, isTransient: true) };
        var leftovers = new StoreLeftovers(Limit, TimeProvider.System, static () => { });
        var watch = new BoundedWatch(store, afterRevision: 0, TimeProvider.System, leftovers);
        await Task.WhenAny(watch.Next).WaitAsync(Limit);
        watch.Dispose();
        await leftovers.DrainAsync().WaitAsync(Limit);
    }
}

using Flannel;
using Flanneld.Systemd;
using Microsoft.Extensions.Logging;

namespace Flanneld.Hosting;

/// <summary>
/// Says how the node is, in the log and to systemd: each reason why it is not ready as soon as it is known, and once more if it lasts, so that nobody
/// watches a program that seems to do nothing.
/// </summary>
internal sealed partial class NodeReporter(SystemdNotifier systemd, string store, ILogger logger, TimeProvider time)
{
    private static readonly TimeSpan Reminder = TimeSpan.FromSeconds(2);

    // After this nothing of the start is in use any more.
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(500);

    private bool _wasReady;
    private Readiness _last = new(false, "");
    private string _lastError = "";
    private Task _tidying = Task.CompletedTask;

    /// <summary>Reports until cancelled.</summary>
    public async Task FollowAsync(IFlannelNode node, CancellationToken stop)
    {
        Task reminding = RemindAsync(node, stop);
        try
        {
            await foreach (FlannelNodeStatus status in node.WatchAsync(stop)) Report(status, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            Log.Stopping(logger);
        }

        await reminding;
        await _tidying;
    }

    private void Report(FlannelNodeStatus status, CancellationToken stop)
    {
        Readiness readiness = Readiness.Of(status);

        // A store that is away says it in other words at every attempt.
        string error = status is { State: FlannelNodeState.Starting, Error: { } cause }
            ? cause is StoreException store ? $"{store.Kind}" : status.Reason
            : "";
        if (error.Length > 0 && error != _lastError) Log.NotReady(logger, status.Reason);
        _lastError = error.Length > 0 ? error : readiness.IsReady ? "" : _lastError;

        if (readiness == _last) return;
        if (readiness.IsReady && !_wasReady)
        {
            _wasReady = true;
            Log.Ready(logger, $"{status.Lease?.Key}");
            systemd.Ready(Describe(status, readiness));
            _tidying = TidyAsync(stop);
        }
        else
        {
            systemd.Status(Describe(status, readiness));
        }

        _last = readiness;
    }

    // Reading thousands of leases leaves garbage, and starting leaves code, that a process which from now on mostly waits would hold for a long time.
    private async Task TidyAsync(CancellationToken stop)
    {
        await Task.Delay(Rest, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (stop.IsCancellationRequested) return;
        CollectionPause.End();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        ProgramPages.Release();
    }

    private static string Describe(FlannelNodeStatus status, Readiness readiness) => readiness switch
    {
        { IsReady: false } => $"not ready: {readiness.Reason}",
        { Reason.Length: > 0 } => $"{status.Lease?.Key}, but: {readiness.Reason}",
        _ => $"{status.Lease?.Key}",
    };

    // Later reminders are the node's own.
    private async Task RemindAsync(IFlannelNode node, CancellationToken stop)
    {
        await Task.Delay(Reminder, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        FlannelNodeStatus status = node.Status;
        if (stop.IsCancellationRequested || Readiness.Of(status) is not { IsReady: false } readiness) return;

        // Without an error a step has not ended yet, most likely because somebody does not answer; unless the store has said what it waits for.
        bool isSilent = status.Error is null && !readiness.Reason.Contains(": ", StringComparison.Ordinal);
        Log.StillNotReady(logger, isSilent ? $"{readiness.Reason}, and no answer so far; leases are in {store}" : readiness.Reason);
    }
}

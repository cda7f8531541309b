using System.Runtime.ExceptionServices;
using Flannel.Extensibility;

namespace Flannel.Core.Hosting;

/// <content>Waiting for the node to become ready, by the application and by whoever reads its log.</content>
internal sealed partial class FlannelNode
{
    private static readonly TimeSpan FirstReminder = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestReminder = TimeSpan.FromMinutes(10);

    public async Task WaitForReadyAsync(CancellationToken cancellationToken = default)
    {
        await foreach (FlannelNodeStatus status in WatchAsync(cancellationToken).ConfigureAwait(false))
        {
            if (status.IsReady) return;
            if (status is { State: FlannelNodeState.Failed, Error: { } error }) ExceptionDispatchInfo.Throw(error);
            if (status.State == FlannelNodeState.Stopped && !_isDisposed && !_services.WillBeStarted()) throw NeverStarted();
        }

        throw new ObjectDisposedException(nameof(IFlannelNode), $"The node of {NetworkName.Within(Name)} was disposed before it became ready.");
    }

    public async Task WaitForReadyAsync(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        using var limit = new CancellationTokenSource(timeout, _services.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await WaitForReadyAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"{NetworkName.Of(Name)} is not ready after {timeout.TotalSeconds:0.###} s. It is {Describe(Status)}");
        }
    }

    /// <summary>Holds up the host's start as the options say, and fails it if they say so.</summary>
    public async Task HoldHostStartAsync(CancellationToken cancellationToken)
    {
        FlannelOptions options = _services.Options;
        if (options.HostStart == HostStart.GoOn) return;
        try
        {
            await WaitForReadyAsync(options.HostStartLimit, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested && (options.HostStart == HostStart.WaitForReady || _isDisposed))
        {
            // The node goes on trying; whoever wants the host to depend on it requires that.
            Log.StartGoesOn(_logger, NetworkName.Of(Name), error.Message);
        }
    }

    private static string Describe(FlannelNodeStatus status) => $"{status.State}{(status.Reason.Length > 0 ? ": " : ".")}{status.Reason}";

    private InvalidOperationException NeverStarted() => new(_wasStarted
        ? $"The node of {NetworkName.Within(Name)} was stopped, and nothing will start it again. Call {nameof(StartAsync)}() before waiting for it."
        : $"The node of {NetworkName.Within(Name)} is not started, and nothing will start it: there is no generic host. Call " +
            $"{nameof(StartAsync)}() before waiting for it.");

    /// <summary>Says every now and then that the node is still not ready, so that nobody watches a program that seems to do nothing.</summary>
    private async Task RemindAsync(CancellationToken running)
    {
        while (true)
        {
            long since = _services.Time.GetTimestamp();
            for (TimeSpan pause = FirstReminder; ; pause = pause * 2 < LongestReminder ? pause * 2 : LongestReminder)
            {
                await Task.Delay(pause, _services.Time, running).ConfigureAwait(false);
                FlannelNodeStatus status = Status;
                if (status.IsReady) break;
                Log.StillNotReady(_logger, NetworkName.Of(Name), _services.Time.GetElapsedTime(since).TotalSeconds, Describe(status));
            }

            await foreach (FlannelNodeStatus status in WatchAsync(running).ConfigureAwait(false))
            {
                if (!status.IsReady) break;
            }
        }
    }
}

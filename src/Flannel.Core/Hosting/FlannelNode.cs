using System.Diagnostics;
using System.Runtime.CompilerServices;
using Flannel.Core.Sessions;
using Flannel.Core.Timing;
using Flannel.Extensibility;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Hosting;

/// <summary>
/// The node's life: one background loop that runs one <see cref="OverlaySession"/> after the other until it is stopped. A session that fails is
/// reported and followed by another one after a back-off; one that ends because the configuration or the host changed is followed by another one at
/// once. What sessions make is the node's (<see cref="HeldNetwork"/>), and it alone undoes it.
/// </summary>
internal sealed partial class FlannelNode : IFlannelNode, IDisposable
{
    private static readonly BackOff SessionBackOff = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));

    // A store that is back is noticed soon; asking costs little.
    private static readonly BackOff StoreBackOff = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5));

    // The other host answers every attempt, and forgets this one after a while.
    private static readonly BackOff DuplicateBackOff = new(TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(15));

    // One that ends so soon, whatever for, is not followed by the next one at once.
    private static readonly TimeSpan ShortSession = TimeSpan.FromSeconds(1);

    // Its options change with every start; guarded by _lifecycle.
    private volatile NodeServices _services;
    private readonly NodeConditionCell _condition;
    private readonly NodeMetrics _metrics;
    private readonly ILogger _logger;
    private readonly long _created;
    private readonly Lock _telling = new();
    private readonly Reminder _trouble = new(); // guarded by _telling
    private readonly SemaphoreSlim _lifecycle = new(1, 1);

    // Guarded by _lifecycle.
    private Task? _run;
    private CancellationTokenSource? _running;
    private StopPlan? _stopPlan;
    private bool _wasStarted;
    private volatile bool _isDisposed;

    public FlannelNode(NodeServices services)
    {
        _services = services;
        _logger = services.LoggerFactory.CreateLogger<FlannelNode>();
        _created = services.Time.GetTimestamp();
        _condition = new NodeConditionCell(ReportState);
        _metrics = new NodeMetrics(services.MeterFactory, services.Name, services.Time, () => _condition.Status);
    }

    public string Name => _services.Name;

    public FlannelNodeStatus Status => _condition.Status;

    public Lease Lease => Status.Lease ?? throw NotReady();

    public int Mtu => Status.Mtu ?? throw NotReady();

    public ExternalInterface ExternalInterface => Status.ExternalInterface ?? throw NotReady();

    public ISubnetManager SubnetManager => _services.SubnetManager;

    public ILeaseStore? Store => _services.Store;

    public IReadOnlyList<FlannelPeer> Peers
    {
        get
        {
            FlannelNodeStatus status = Status;
            return
            [
                .. status.Peers.Values.Select(lease => new FlannelPeer(lease, status.PeerProblems.GetValueOrDefault(lease.Key))
                {
                    Statistics = status.ReadStatistics?.Invoke(lease.Key),
                }),
            ];
        }
    }

    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        await _lifecycle.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_run is not null) return;
            _services = _services with { Options = _services.ReadOptions() };
            _wasStarted = true;
            _running = new CancellationTokenSource();
            _condition.Change(_ => new NodeCondition { IsRunning = true });
            CancellationToken running = _running.Token;
            _run = Task.Run(() => RunAsync(running), CancellationToken.None);
        }
        finally
        {
            _lifecycle.Release();
        }
    }

    public Task StopAsync(CancellationToken cancellationToken = default) => StopAsync(mode: null, isForGood: false, cancellationToken);

    public Task StopAsync(StopMode mode, CancellationToken cancellationToken = default)
    {
        Require(mode);
        return StopAsync(mode, isForGood: false, cancellationToken);
    }

    /// <summary>Stops the node for good. Doing it again does nothing.</summary>
    /// <param name="mode">What stays behind; <see langword="null"/> for what the options say.</param>
    /// <param name="cancellationToken">Cuts the stop short.</param>
    public async Task EndAsync(StopMode? mode, CancellationToken cancellationToken)
    {
        await StopAsync(mode, isForGood: true, cancellationToken).ConfigureAwait(false);
        _metrics.Dispose();
        _condition.Complete();
    }

    /// <exception cref="ArgumentOutOfRangeException">There is no such mode.</exception>
    public static void Require(StopMode mode)
    {
        if (!Enum.IsDefined(mode))
        {
            throw new ArgumentOutOfRangeException(
                nameof(mode), mode, $"There is no such mode. There are {string.Join(", ", Enum.GetNames<StopMode>())}.");
        }
    }

    private async Task StopAsync(StopMode? mode, bool isForGood, CancellationToken cancellationToken)
    {
        await _lifecycle.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            _isDisposed |= isForGood;
            if (_run is null) return;
            _stopPlan = mode is { } told ? new StopPlan(_services.Time, told, releases: false, cancellationToken) : PlanByOptions(cancellationToken);
            _condition.Change(condition => condition with { IsStopping = true });
            await _running!.CancelAsync().ConfigureAwait(false);
            await _run.ConfigureAwait(false);
            _running.Dispose();
            (_run, _running) = (null, null);
            _condition.Change(_ => new NodeCondition());
        }
        finally
        {
            _lifecycle.Release();
        }
    }

    public async IAsyncEnumerable<FlannelNodeStatus> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (FlannelNodeStatus status in _condition.WatchAsync(cancellationToken).ConfigureAwait(false)) yield return status;
    }

    public async ValueTask DisposeAsync() => await EndAsync(mode: null, CancellationToken.None).ConfigureAwait(false);

    /// <summary>For containers that dispose synchronously; blocks until the node has stopped.</summary>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    private async Task RunAsync(CancellationToken running)
    {
        Activity.Current = null; // the node is no part of what was going on when it was started
        var held = new HeldNetwork(_services, _logger);
        Task reminding = RemindAsync(running);
        try
        {
            await RunSessionsAsync(held, running).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (running.IsCancellationRequested)
        {
            // This is how it ends.
        }
        catch (TimeoutException) when (running.IsCancellationRequested)
        {
            Log.SessionAbandoned(_logger, NetworkName.Of(Name));
        }
        catch (Exception) when (running.IsCancellationRequested)
        {
            // It failed while it was being stopped, so that whatever it failed of is nobody's concern any more.
        }
        catch (Exception exception)
        {
            // An error in the handling of errors. The host application goes on, and is told by the status that the node does not.
            Log.Crashed(_logger, VisibleText.Of(exception), NetworkName.Of(Name));
            _condition.Change(condition => condition with { StartError = exception, HasCrashed = true });
            await Task.Delay(Timeout.InfiniteTimeSpan, _services.Time, running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            await reminding.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await held.UndoAsync(
                _stopPlan ?? new StopPlan(_services.Time, StopMode.Detach, releases: false, CancellationToken.None)).ConfigureAwait(false);
        }
    }

    private async Task RunSessionsAsync(HeldNetwork held, CancellationToken running)
    {
        for (int attempts = 0; ;)
        {
            running.ThrowIfCancellationRequested();
            long started = _services.Time.GetTimestamp();
            var session = new OverlaySession(_services, _condition, held);
            BackOff backOff = SessionBackOff;
            TimeSpan extra = TimeSpan.Zero;
            try
            {
                Task<SessionEnd> run = Task.Run(() => session.RunAsync(running), CancellationToken.None);
                SessionEnd end = await run.EndingWithinAsync(() => _stopPlan!.ForSession, _services.Time, running).ConfigureAwait(false);
                Log.SessionRenewed(_logger, NetworkName.Of(Name), end);
                attempts = _services.Time.GetElapsedTime(started) < ShortSession ? attempts + 1 : 0;
            }
            catch (Exception exception) when (!running.IsCancellationRequested)
            {
                // No fault of a network may end the host's process: report, leave the data path alone, try again.
                Report(held, exception);
                attempts = session.HasRun ? 1 : attempts + 1;
                if (exception is DuplicatePublicAddressException duplicate) (backOff, extra) = (DuplicateBackOff, duplicate.Pause);
                if (exception is StoreException { IsTransient: true })
                {
                    backOff = StoreBackOff;
                    await _services.SubnetManager.ResetConnectionsAsync().ConfigureAwait(false);
                }
            }

            if (attempts > 0) await Task.Delay(backOff.Delay(attempts, _services.Random) + extra, _services.Time, running).ConfigureAwait(false);
        }
    }

    private void Report(HeldNetwork held, Exception exception)
    {
        if (exception is not FlannelException) Log.UnexpectedError(_logger, VisibleText.Of(exception), NetworkName.Of(Name));
        _condition.Change(current => new NodeCondition
        {
            IsRunning = true,
            IsStopping = current.IsStopping,
            StartError = exception,
            Config = current.Config,
            ExternalInterface = current.ExternalInterface,
            Lease = held.Lease,
            PendingConfig = current.PendingConfig,
        });
    }

    /// <summary>The options may have been changed since the start, and be invalid now; then those of the start count.</summary>
    private StopPlan PlanByOptions(CancellationToken cancellationToken)
    {
        FlannelOptions options = _services.Options;
        try
        {
            options = _services.ReadOptions();
        }
        catch (Exception exception)
        {
            // Whatever somebody's configuration throws, stopping goes on.
            Log.OptionsInvalid(_logger, VisibleText.Of(exception), NetworkName.Of(Name));
        }

        return new StopPlan(_services.Time, options.StopMode, options.ReleaseLeaseOnStop, cancellationToken);
    }

    private void ReportState(FlannelNodeStatus status)
    {
        lock (_telling)
        {
            Log.StateChanged(_logger, NetworkName.Of(Name), status);
            if (IsTrouble(status)) _trouble.IsDue(Now);
            else if (status.State == FlannelNodeState.Ready && _trouble.End(Now))
                Log.TroubleOver(_logger, NetworkName.Of(Name), _trouble.Duration(Now));
        }
    }

    private TimeSpan Now => _services.Time.GetElapsedTime(_created);

    private static bool IsTrouble(FlannelNodeStatus status) =>
        status.State is FlannelNodeState.Degraded or FlannelNodeState.Failed || status is { State: FlannelNodeState.Starting, Error: not null };

    private InvalidOperationException NotReady() =>
        new($"The node of {NetworkName.Within(Name)} does not have this yet; await {nameof(WaitForReadyAsync)}() first. It is {Describe(Status)}");
}

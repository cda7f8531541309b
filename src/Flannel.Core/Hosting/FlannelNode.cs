using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using Flannel.Core.Backends;
using Flannel.Core.Diagnostics;
using Flannel.Core.Leases;
using Flannel.Core.Timing;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Hosting;

/// <summary>
/// The node's life: one background loop that runs one <see cref="OverlaySession"/> after the other until it is stopped. A session that fails is
/// reported and followed by another one after a back-off; one that ends because the configuration or the host changed is followed by another one at once,
/// which takes over the data path that it left in place.
/// </summary>
internal sealed partial class FlannelNode : IFlannelNode, IDisposable
{
    private static readonly BackOff SessionBackOff = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));

    // One that ends so soon, whatever for, is not followed by the next one at once.
    private static readonly TimeSpan ShortSession = TimeSpan.FromSeconds(1);

    private readonly NodeServices _services;
    private readonly NodeConditionCell _condition;
    private readonly NodeMetrics? _metrics;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _lifecycle = new(1, 1);

    // Guarded by _lifecycle.
    private Task? _run;
    private CancellationTokenSource? _running;
    private CancellationToken _stopDeadline;
    private bool _isDisposed;

    public FlannelNode(NodeServices services)
    {
        _services = services;
        _logger = services.LoggerFactory.CreateLogger<FlannelNode>();
        _condition = new NodeConditionCell(status => Log.StateChanged(_logger, Name, status));
        _metrics = services.MeterFactory is { } factory ? new NodeMetrics(factory, services.Name, services.Time, () => _condition.Status) : null;
    }

    public string Name => _services.Name;

    public FlannelNodeStatus Status => _condition.Status;

    public Lease Lease => Status.Lease ?? throw NotReady();

    public int Mtu => Status.Mtu ?? throw NotReady();

    public ExternalInterface ExternalInterface => Status.ExternalInterface ?? throw NotReady();

    public IReadOnlyList<FlannelPeer> Peers
    {
        get
        {
            FlannelNodeStatus status = Status;
            return
            [
                .. status.Peers.Values.Select(lease => new FlannelPeer(lease, status.PeerProblems.GetValueOrDefault(lease.Key))
                {
                    Traffic = status.ReadTraffic?.Invoke(lease.Key),
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
            _running = new CancellationTokenSource();
            _condition.Change(_ => new NodeCondition { IsRunning = true, Progress = "starting" });
            CancellationToken running = _running.Token;
            _run = Task.Run(() => RunAsync(running), CancellationToken.None);
        }
        finally
        {
            _lifecycle.Release();
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        await _lifecycle.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            if (_run is null) return;
            _stopDeadline = cancellationToken;
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

    public async Task WaitForReadyAsync(CancellationToken cancellationToken = default)
    {
        await foreach (FlannelNodeStatus status in WatchAsync(cancellationToken).ConfigureAwait(false))
        {
            if (status.IsReady) return;
            if (status is { State: FlannelNodeState.Failed, Error: { } error }) ExceptionDispatchInfo.Throw(error);
        }

        throw new ObjectDisposedException(nameof(IFlannelNode), $"The node of network '{Name}' was disposed before it became ready.");
    }

    public async IAsyncEnumerable<FlannelNodeStatus> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (FlannelNodeStatus status in _condition.WatchAsync(cancellationToken).ConfigureAwait(false)) yield return status;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(CancellationToken.None).ConfigureAwait(false);
        _isDisposed = true;
        _metrics?.Dispose();
        _condition.Complete();
    }

    /// <summary>For containers that dispose synchronously; blocks until the node has stopped.</summary>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    private async Task RunAsync(CancellationToken running)
    {
        int attempts = 0;
        SessionMemory? memory = null;
        while (true)
        {
            long started = _services.Time.GetTimestamp();
            var session = new OverlaySession(_services, _condition, memory);
            try
            {
                string reason = await session.RunAsync(running).ConfigureAwait(false);
                Log.SessionRenewed(_logger, Name, reason);
                await session.CloseAsync().ConfigureAwait(false);
                attempts = _services.Time.GetElapsedTime(started) < ShortSession ? attempts + 1 : 0;
            }
            catch (OperationCanceledException) when (running.IsCancellationRequested)
            {
                await session.EndAsync(_stopDeadline).ConfigureAwait(false);
                return;
            }
            catch (Exception exception)
            {
                // Nothing of ours may end the host's process: report, leave the data path alone, try again.
                Report(exception);
                await session.CloseAsync().ConfigureAwait(false);
                attempts = session.Memory is not null ? 1 : attempts + 1;
            }

            memory = session.Memory ?? memory;
            if (attempts == 0) continue;
            try
            {
                await Task.Delay(SessionBackOff.Delay(attempts, _services.Random), _services.Time, running).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private void Report(Exception exception)
    {
        if (exception is not FlannelException) Log.UnexpectedError(_logger, exception, Name);
        _condition.Change(_ => new NodeCondition { IsRunning = true, StartError = exception });
    }

    private InvalidOperationException NotReady() =>
        new($"The node of network '{Name}' is {Status.State} and does not have this yet; await {nameof(WaitForReadyAsync)} first. {Status.Reason}");
}

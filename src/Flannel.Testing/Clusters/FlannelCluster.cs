using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Testing;

/// <summary>
/// A network of several hosts in one process: real nodes over one store in memory, without a kernel, a privilege or a wait. Time stands still until
/// the test moves it, so a day passes in a moment. Make one per test; disposing it stops every node.
/// </summary>
/// <remarks>While a method of the cluster awaits something, it also lets the time pass that this needs.</remarks>
public sealed class FlannelCluster : IAsyncDisposable
{
    // Real time.
    private static readonly TimeSpan LookPause = TimeSpan.FromMilliseconds(1);

    // What needs no time has happened after so many looks; then some is given, in steps that are short beside every time-out of a node.
    private const int LooksPerStep = 10;
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    // What has not come within ten seconds waits for something longer, such as the two minutes for which peers that all left together are kept.
    private const int ShortSteps = 100;
    private static readonly TimeSpan LongStep = TimeSpan.FromSeconds(1);

    private readonly FlannelClusterOptions _options;
    private readonly FakeTimeProvider? _clock;
    private readonly string _backend;
    private readonly List<ClusterNode> _nodes = [];

    /// <summary>Creates the cluster. No node runs yet.</summary>
    /// <param name="options">What it is made of; <see langword="null"/> for three nodes on a clock that stands still.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are too many nodes.</exception>
    /// <exception cref="NetworkConfigException">The configuration breaks rules; the message lists all of them.</exception>
    public FlannelCluster(FlannelClusterOptions? options = null)
    {
        _options = options ?? new FlannelClusterOptions();
        NetworkConfig config = NetworkConfig.Parse(_options.Config, $"{nameof(FlannelClusterOptions)}.{nameof(FlannelClusterOptions.Config)}");
        _backend = config.BackendType;
        _clock = _options.UseRealTime ? null : new FakeTimeProvider();
        Store = new InMemoryLeaseStore(_options.Config, _clock);
        for (int i = 0; i < _options.Nodes; i++) AddNode();
    }

    /// <summary>The store that all nodes share. Writing to it is what an operator does.</summary>
    public InMemoryLeaseStore Store { get; }

    /// <summary>The nodes, running or not.</summary>
    public IReadOnlyList<ClusterNode> Nodes => _nodes;

    /// <summary>The clock of the store and of every node.</summary>
    /// <exception cref="InvalidOperationException">The cluster runs on real time.</exception>
    public FakeTimeProvider Clock => _clock
        ?? throw new InvalidOperationException(
            $"The cluster runs on real time ({nameof(FlannelClusterOptions.UseRealTime)}): there is no clock to move.");

    /// <summary>Adds a host whose node does not run yet.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are 250 already.</exception>
    public ClusterNode AddNode()
    {
        const int MaxNodes = 250;
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(_nodes.Count, MaxNodes, nameof(FlannelClusterOptions.Nodes));
        var node = new ClusterNode(this, _nodes.Count + 1, _backend);
        _nodes.Add(node);
        return node;
    }

    /// <summary>Starts every node that does not run, and waits until every running node reaches every other one.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="TimeoutException">It did not come to that in time; the message says what is missing.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        foreach (ClusterNode node in _nodes) await node.StartAsync(cancellationToken);
        await UntilConnectedAsync(cancellationToken);
    }

    /// <summary>Waits until every running node is ready and knows every other running node by its present address, and its packets find it.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="TimeoutException">It did not come to that in time; the message says what is missing.</exception>
    public Task UntilConnectedAsync(CancellationToken cancellationToken = default)
    {
        string missing = "";
        return UntilAsync(AreConnected, () => missing, cancellationToken);

        bool AreConnected()
        {
            ClusterNode[] running = [.. _nodes.Where(static node => node.IsRunning)];
            missing = string.Join("; ", running.Where(static node => !node.Node.Status.IsReady)
                .Select(static node => $"{node} is {node.Node.Status.State}: {node.Node.Status.Reason}"));
            return missing.Length == 0 && running.All(node => running.All(other => node == other || node.Knows(other, out missing)));
        }
    }

    /// <summary>Waits until something is the case, letting as much time pass as that needs.</summary>
    /// <param name="condition">What is awaited; called often, and by one thread at a time.</param>
    /// <param name="what">What is awaited, in words, for the message.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="TimeoutException">It was not in time.</exception>
    public Task UntilAsync(Func<bool> condition, string what, CancellationToken cancellationToken = default) =>
        UntilAsync(condition, () => what, cancellationToken);

    /// <summary>Lets time pass, from one timer to the next, so that everything happens in its order.</summary>
    /// <remarks>
    /// A day costs some hundred timers of each node. A node that is cut off from the store tries every few seconds: give leases of minutes to
    /// clusters that outlive them.
    /// </remarks>
    /// <param name="time">How much.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="time"/> is negative.</exception>
    /// <exception cref="InvalidOperationException">The cluster runs on real time.</exception>
    public async Task AdvanceAsync(TimeSpan time, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);
        TimeSpan end = Clock.Elapsed + time;
        while (true)
        {
            await SettleAsync(cancellationToken);
            TimeSpan left = end - Clock.Elapsed;
            if (left <= TimeSpan.Zero) return;
            Clock.Advance(Clock.ArmedTimers is [{ } first, ..] && first < left ? first : left);
        }
    }

    /// <summary>Stops every node.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (ClusterNode node in _nodes)
        {
            node.Heal();
            await node.StopAsync();
        }
    }

    internal ServiceProvider BuildServices(ClusterNode node)
    {
        var services = new ServiceCollection();
        if (_clock is not null) services.AddSingleton<TimeProvider>(_clock);
        services.AddFlannel(_options.ConfigureNodes).UseStore(node.Store).UseBackend(node.Backend).UseHostNetwork(node.Host);
        _options.ConfigureServices?.Invoke(services);
        return services.BuildServiceProvider();
    }

    /// <summary>Awaits something, letting as much time pass as it needs.</summary>
    internal async Task DriveAsync(Task task)
    {
        await UntilAsync(() => task.IsCompleted, static () => "the end of a node", CancellationToken.None);
        await task;
    }

    private async Task UntilAsync(Func<bool> condition, Func<string> what, CancellationToken cancellationToken)
    {
        long start = TimeProvider.System.GetTimestamp();
        for (int looks = 1; !condition(); looks++)
        {
            if (TimeProvider.System.GetElapsedTime(start) > _options.Patience)
                throw new TimeoutException($"The cluster did not come to this within {_options.Patience.TotalSeconds} s: {what()}");
            await Task.Delay(LookPause, TimeProvider.System, cancellationToken);
            if (looks % LooksPerStep == 0) _clock?.Advance(looks <= ShortSteps * LooksPerStep ? Step : LongStep);
        }
    }

    // Nothing tells that every node waits for time to pass. That no call of a store is under way, nothing is queued and no timer is armed comes
    // close.
    private async Task SettleAsync(CancellationToken cancellationToken)
    {
        // A call that the test holds up is no reason to wait for ever.
        const int QuietLooks = 8, QuickLooks = 500, MaxLooks = QuickLooks + 50;
        long armings = Clock.Armings;
        for (int quiet = 0, busy = 0; quiet < QuietLooks && busy < MaxLooks; quiet++)
        {
            await Task.Yield();
            if (Clock.Armings == armings && ThreadPool.PendingWorkItemCount == 0 && _nodes.All(static node => node.Store.Pending == 0)) continue;
            (armings, quiet) = (Clock.Armings, -1);
            if (++busy > QuickLooks) await Task.Delay(LookPause, TimeProvider.System, cancellationToken);
        }
    }
}

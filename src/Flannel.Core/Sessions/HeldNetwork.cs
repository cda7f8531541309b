using Flannel.Core.Hosting;
using Flannel.Core.Leases.Peers;
using Flannel.Core.Timing;
using Flannel.Extensibility;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Sessions;

/// <summary>
/// What a node holds beyond one session: its lease, its data path with its peers, its traffic rules, its subnet file. Sessions borrow it one after
/// the other; the node undoes it when it is stopped, in whatever state. Between two sessions the data path goes on as it is.
/// </summary>
internal sealed partial class HeldNetwork(NodeServices services, ILogger logger)
{
    /// <summary>How long closing may take while the node goes on.</summary>
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private (IBackend Backend, BackendContext Context)? _made;
    private IDisposable? _claim;
    private bool _isClosed;

    /// <summary>The lease as last held, or <see langword="null"/> before the first one was acquired.</summary>
    public Lease? Lease { get; set; }

    /// <summary>What was published last, or has to be published; <see langword="null"/> before the node ran.</summary>
    public LeaseAttributes? Published { get; private set; }

    /// <summary>The configuration that the node runs with; <see langword="null"/> before it ran.</summary>
    public NetworkConfig? Config { get; private set; }

    /// <summary>The data path, or <see langword="null"/> if there is none.</summary>
    public IBackendNetwork? Network { get; private set; }

    /// <summary>What is known of the peers.</summary>
    public PeerMemory Peers { get; } = new(services.Time);

    /// <summary>What was and is remembered of the lease over restarts.</summary>
    public LeaseMemory Memory { get; } = new(services.Options.StateDirectory, services.Name, logger);

    private FlannelOptions Options => services.Options;

    /// <summary>The node runs with this from now on; the next session stays who this one was.</summary>
    public void Remember(NetworkConfig config, LeaseAttributes published) => (Config, Published) = (config, published);

    /// <summary>Claims the network's ranges, devices and ports in this process, until the node is stopped.</summary>
    /// <exception cref="NetworkConflictException">Another network of this process has them.</exception>
    public void Claim(NetworkConfig config, IBackend backend)
    {
        _claim?.Dispose();
        _claim = null;
        _claim = services.Claims.Take(
            services.Name, services.HostNetwork.IdentifyNamespace(Options.NetworkNamespace), config, backend.GetClaims(config));
    }

    /// <summary>Closes the former data path, which stays in the kernel, and creates another one, which adopts it.</summary>
    public async Task<IBackendNetwork> CreateNetworkAsync(IBackend backend, BackendContext context, CancellationToken cancellationToken)
    {
        await CloseNetworkAsync(CloseLimit).ConfigureAwait(false);
        _made = (backend, context);
        IBackendNetwork network = await backend.CreateNetworkAsync(context, cancellationToken).ConfigureAwait(false);
        lock (_gate)
        {
            if (!_isClosed) return Network = network;
        }

        // The node was stopped meanwhile and waited for nobody.
        await network.DisposeAsync().ConfigureAwait(false);
        throw new OperationCanceledException("The node was stopped while the backend created its network.", cancellationToken);
    }

    /// <summary>Gives back and removes what the plan says, then closes. Peers first, so that they stop sending. Never throws.</summary>
    /// <param name="plan">What to undo, and the time that it may take.</param>
    public async Task UndoAsync(StopPlan plan)
    {
        lock (_gate) _isClosed = true;
        if (Lease is { } lease && plan.ReleasesLease)
            await TryAsync("release the lease", token => ReleaseAsync(lease, token), plan.ForRelease, plan.CutShort).ConfigureAwait(false);
        if (plan.RemovesDataPath)
        {
            await Task.WhenAll(
                TryAsync("remove the data path", RemoveNetworkAsync, plan.ForRemoval, plan.CutShort),
                TryAsync("remove the traffic rules", RemoveTrafficRulesAsync, plan.ForRemoval, plan.CutShort),
                TryAsync("delete the subnet file", DeleteSubnetFileAsync, plan.ForRemoval, plan.CutShort)).ConfigureAwait(false);
        }

        await CloseNetworkAsync(plan.ForClosing).ConfigureAwait(false);
        _claim?.Dispose();
    }

    /// <summary>What the host's packet filter has to do for a lease.</summary>
    public TrafficPolicy PolicyFor(NetworkConfig config, Lease lease)
    {
        List<TrafficRange> ranges = [];
        if (config.EnableIPv4) ranges.Add(new TrafficRange(config.Network!.Value, lease.Subnet!.Value));
        if (config.EnableIPv6) ranges.Add(new TrafficRange(config.IPv6Network!.Value, lease.SubnetIPv6!.Value));
        return new TrafficPolicy
        {
            NetworkName = services.Name,
            NetworkNamespace = Options.NetworkNamespace,
            Ranges = [.. ranges],
            Masquerade = Options.IpMasq,
            MasqueradeExclusions = [.. Options.Traffic.MasqueradeExclusions.Select(System.Net.IPNetwork.Parse)],
            RandomFully = Options.Traffic.RandomFully,
            Forward = Options.Traffic.Forward,
            Blackhole = Options.Traffic.Blackhole,
            ResyncInterval = Options.Traffic.ResyncInterval,
        };
    }

    private async Task ReleaseAsync(Lease lease, CancellationToken cancellationToken)
    {
        await services.SubnetManager.ReleaseAsync(lease, cancellationToken).ConfigureAwait(false);
        Memory.Delete();
    }

    private async Task RemoveNetworkAsync(CancellationToken cancellationToken)
    {
        if (Network is { } network)
        {
            await network.RemoveAsync(cancellationToken).ConfigureAwait(false);
            return;
        }

        // A session failed while it exchanged the data path or before it had a lease, so what is in the kernel is nobody's at the moment.
        if (_made is not { } made) return;
        IBackendNetwork adopted = await made.Backend.CreateNetworkAsync(made.Context, cancellationToken).ConfigureAwait(false);
        await using (adopted.ConfigureAwait(false)) await adopted.RemoveAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task RemoveTrafficRulesAsync(CancellationToken cancellationToken)
    {
        if (Lease is not { } lease || _made is not { Context.Config: var config }) return;
        foreach (ITrafficRules rules in services.TrafficRules)
            await rules.RemoveAsync(PolicyFor(config, lease), cancellationToken).ConfigureAwait(false);
    }

    private Task DeleteSubnetFileAsync(CancellationToken cancellationToken)
    {
        // A node that never had a lease has not written it.
        if (Lease is not null && Options.SubnetFile is { } path && File.Exists(path)) File.Delete(path);
        return Task.CompletedTask;
    }

    private async Task CloseNetworkAsync(TimeSpan limit)
    {
        IBackendNetwork? network;
        lock (_gate) (network, Network) = (Network, null);
        if (network is not null)
            await TryAsync("close the data path", _ => network.DisposeAsync().AsTask(), limit, CancellationToken.None).ConfigureAwait(false);
    }

    private async Task TryAsync(string step, Func<CancellationToken, Task> action, TimeSpan limit, CancellationToken cutShort)
    {
        using var deadline = new CancellationTokenSource(limit, services.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cutShort);
        CancellationToken token = either.Token;
        try
        {
            // On a thread of the pool and with the token twice: whoever is called may block, or pay no attention to it.
            Task<bool> run = Task.Run(
                async () =>
                {
                    await action(token).ConfigureAwait(false);
                    return true;
                },
                CancellationToken.None);
            await run.EndingWithinAsync(static () => TimeSpan.Zero, services.Time, token).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // The remaining steps matter more than this one, and the host must not fall over our clean-up.
            Log.StepFailed(logger, VisibleText.Of(exception), NetworkName.Of(services.Name), step);
        }
    }
}

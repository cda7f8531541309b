using Flannel.Core.Addressing;
using Flannel.Core.Backends;
using Flannel.Core.Configuration;
using Flannel.Core.Diagnostics;
using Flannel.Core.Leases;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Hosting;

/// <summary>
/// One attempt of a node to be in the overlay, in this order: 1 check that we may, 2 read the configuration, 3 choose backend and interface,
/// 4 look for collisions, 5 create or adopt the backend's device, 6 acquire the lease, 7 put it into effect, 8 follow leases, data path, host and
/// configuration until cancelled or until something changed that needs a new session. Nothing is touched before step 5.
/// </summary>
internal sealed partial class OverlaySession
{
    private readonly NodeServices _services;
    private readonly NodeConditionCell _condition;
    private readonly SessionMemory? _former;
    private readonly ILogger _logger;
    private readonly SubnetFileKeeper? _subnetFile;
    private NetworkConfig _config = new();
    private NetworkConfig _peerConfig = new();
    private IBackendNetwork? _network;
    private Lease? _lease;

    /// <param name="services">Everything the node is made of.</param>
    /// <param name="condition">Where to report.</param>
    /// <param name="former">What the session before left, or <see langword="null"/> for the first.</param>
    public OverlaySession(NodeServices services, NodeConditionCell condition, SessionMemory? former)
    {
        _services = services;
        _condition = condition;
        _former = former;
        _logger = services.LoggerFactory.CreateLogger<FlannelNode>();
        _subnetFile = services.Options.SubnetFile is { } path
            ? new SubnetFileKeeper(path, condition, services.Time, services.Random, _logger)
            : null;
    }

    /// <summary>What to hand on; <see langword="null"/> if the session never came as far as following the peers.</summary>
    public SessionMemory? Memory { get; private set; }

    private FlannelOptions Options => _services.Options;

    /// <summary>Joins the overlay and stays in it. Ends by cancellation or by an exception, or when something changed that another session has to follow.</summary>
    /// <returns>What changed, in words.</returns>
    public async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        await _services.HostNetwork.CheckAccessAsync(Options.NetworkNamespace, cancellationToken).ConfigureAwait(false);

        Progress("reading the network configuration");
        IBackend backend = await ReadConfigAsync(cancellationToken).ConfigureAwait(false);

        Progress("choosing the external interface");
        ExternalInterface external = await _services.HostNetwork
            .FindExternalInterfaceAsync(Options.NetworkNamespace, Options.ExternalInterface, _config, cancellationToken).ConfigureAwait(false);
        _condition.Change(condition => condition with { Config = _config, ExternalInterface = external });

        Progress("looking for the own lease");
        SubnetKey? previous = _former?.Lease.Key ?? ReadPreviousSubnet();
        var identity = new LeaseRequest
        {
            Config = _config,
            PeerConfig = _peerConfig,
            Attributes = new LeaseAttributes { PublicIP = external.PublicIP, PublicIPv6 = external.PublicIPv6 },
            PreviousSubnet = previous,
            HeldLease = _former?.Lease,
        };
        LeaseAttributes? published = _former?.Attributes;
        if (_former is null)
        {
            Lease? held = await _services.SubnetManager.FindAsync(identity, cancellationToken).ConfigureAwait(false);
            published = held?.Attributes;
            if (!Options.AllowOverlap) await CheckOverlapAsync(backend, previous, held?.Key, cancellationToken).ConfigureAwait(false);
        }

        Progress($"creating the {backend.Name} network");
        _network = await backend.CreateNetworkAsync(ContextFor(external, published), cancellationToken).ConfigureAwait(false);

        Progress("acquiring a lease");
        LeaseRequest request = identity with { Attributes = _network.Attributes, PeerRule = _network.CheckPeer };
        _lease = await _services.SubnetManager.AcquireAsync(request, cancellationToken).ConfigureAwait(false);
        await _network.StartAsync(_lease, cancellationToken).ConfigureAwait(false);
        if (_network.Attributes != request.Attributes)
        {
            // The host did not let the device keep what was published (its MAC); the peers must know what it has.
            request = request with { Attributes = _network.Attributes };
            _lease = await _services.SubnetManager.AcquireAsync(request, cancellationToken).ConfigureAwait(false);
        }

        Remember();
        LogLeaseHeld(_logger, _services.Name, _lease.Key, external.Name);
        _condition.Change(condition => condition with { StartError = null, Lease = _lease, LeaseError = null, Backend = _network.Status });
        Progress("waiting for the first peers");
        return await FollowAsync(backend, external, request, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends the session for good: gives back and removes what the options say, peers first, so that they stop sending, then closes.</summary>
    /// <param name="deadline">Cuts the undoing short.</param>
    public async Task EndAsync(CancellationToken deadline)
    {
        using var limit = new CancellationTokenSource(RemovalLimit, _services.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, deadline);
        bool removes = Options.StopMode == StopMode.Remove;
        if (_lease is { } lease && (removes || Options.ReleaseLeaseOnStop))
            await TryAsync("release the lease", () => _services.SubnetManager.ReleaseAsync(lease, both.Token)).ConfigureAwait(false);
        if (removes)
        {
            if (_network is { } network) await TryAsync("remove the data path", () => network.RemoveAsync(both.Token)).ConfigureAwait(false);
            if (_lease is { } former) await TryAsync("remove the traffic rules", () => RemoveTrafficRulesAsync(former, both.Token)).ConfigureAwait(false);
            if (_subnetFile is not null) await TryAsync("delete the subnet file", () => Task.Run(() => File.Delete(Options.SubnetFile!), both.Token)).ConfigureAwait(false);
        }

        await CloseAsync().ConfigureAwait(false);
    }

    /// <summary>Ends the session and leaves everything in place.</summary>
    public async Task CloseAsync()
    {
        if (_network is not null) await TryAsync("close the data path", () => _network.DisposeAsync().AsTask()).ConfigureAwait(false);
    }

    /// <summary>Reads the configuration, and finds out what of it a node that runs already can follow.</summary>
    private async Task<IBackend> ReadConfigAsync(CancellationToken cancellationToken)
    {
        if (_former is null)
        {
            _config = _peerConfig = await _services.SubnetManager.GetNetworkConfigAsync(cancellationToken).ConfigureAwait(false);
            return FindBackend(_config);
        }

        (_config, _peerConfig) = (_former.Config, _former.PeerConfig);
        IBackend backend = FindBackend(_config);
        try
        {
            NetworkConfig stored = await _services.SubnetManager.GetNetworkConfigAsync(cancellationToken).ConfigureAwait(false);
            var transition = ConfigTransition.Between(_config, _peerConfig, stored, _former.Lease.Key, backend);
            (_config, _peerConfig) = (transition.Config, transition.PeerConfig);
            ReportPending(transition.Pending);
        }
        catch (NetworkConfigException error)
        {
            ReportPending(new PendingConfig(null, [error.Message]));
        }

        return backend;
    }

    private IBackend FindBackend(NetworkConfig config) =>
        _services.Backends.FirstOrDefault(candidate => candidate.Name == config.BackendType)
        ?? throw new UnknownBackendException(config.BackendType, [.. _services.Backends.Select(candidate => candidate.Name)]);

    private async Task CheckOverlapAsync(IBackend backend, SubnetKey? previous, SubnetKey? held, CancellationToken cancellationToken)
    {
        IReadOnlyList<HostPrefix> prefixes = await _services.HostNetwork.GetPrefixesAsync(Options.NetworkNamespace, cancellationToken).ConfigureAwait(false);
        OverlapCheck.ThrowIfOverlapping(_config, prefixes, backend, [.. new[] { previous, held }.OfType<SubnetKey>()]);
    }

    private BackendContext ContextFor(ExternalInterface external, LeaseAttributes? published) => new()
    {
        NetworkName = _services.Name,
        Config = _config,
        ExternalInterface = external,
        NetworkNamespace = Options.NetworkNamespace,
        PreviousAttributes = published,
        ResyncInterval = Options.ResyncInterval,
    };

    private void Remember() => Memory = new SessionMemory(_lease!, _network!.Attributes, _config, _peerConfig);

    private void ReportPending(PendingConfig? pending)
    {
        bool isNews = pending is not null && _condition.Status.PendingConfig?.ToString() != pending.ToString();
        _condition.Change(condition => condition with { PendingConfig = pending });
        if (isNews) LogConfigPending(_logger, _services.Name, pending!);
    }

    private async Task TryAsync(string step, Func<Task> action)
    {
        try
        {
            await action().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // Stopping goes on: the remaining steps matter more than this one, and the host must not fall over our clean-up.
            LogStopFailed(_logger, exception, _services.Name, step);
        }
    }

    private void Progress(string step) => _condition.Change(condition => condition with { Progress = step });

    private SubnetKey? ReadPreviousSubnet()
    {
        if (Options.SubnetFile is not { } path || !File.Exists(path)) return null;
        try
        {
            return SubnetFile.Read(path)?.Key;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException or FlannelException)
        {
            // A file that cannot be read only costs the memory of the previous subnet.
            LogSubnetFileUnreadable(_logger, path, exception.Message);
            return null;
        }
    }
}

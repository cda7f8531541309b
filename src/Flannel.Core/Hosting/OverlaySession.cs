using Flannel.Core.Addressing;
using Flannel.Core.Backends;
using Flannel.Core.Configuration;
using Flannel.Core.Diagnostics;
using Flannel.Core.Leases;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Hosting;

/// <summary>
/// One attempt of a node to be in the overlay, in this order: 1 check that we may, 2 read the configuration, 3 choose backend and interface,
/// 4 look for collisions, 5 create or adopt the backend's device, 6 acquire the lease, 7 put it into effect, 8 follow leases and data path until
/// cancelled. Nothing is touched before step 5.
/// </summary>
internal sealed partial class OverlaySession
{
    private readonly NodeServices _services;
    private readonly NodeConditionCell _condition;
    private readonly ILogger _logger;
    private readonly SubnetFileKeeper? _subnetFile;
    private IBackendNetwork? _network;
    private Lease? _lease;

    public OverlaySession(NodeServices services, NodeConditionCell condition)
    {
        _services = services;
        _condition = condition;
        _logger = services.LoggerFactory.CreateLogger<FlannelNode>();
        _subnetFile = services.Options.SubnetFile is { } path
            ? new SubnetFileKeeper(path, condition, services.Time, services.Random, _logger)
            : null;
    }

    /// <summary>Whether the session got as far as following the peers.</summary>
    public bool WasUp { get; private set; }

    private FlannelOptions Options => _services.Options;

    /// <summary>Joins the overlay and stays in it. Ends by cancellation or by an exception, never by itself.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await _services.HostNetwork.CheckAccessAsync(Options.NetworkNamespace, cancellationToken).ConfigureAwait(false);

        Progress("reading the network configuration");
        NetworkConfig config = await _services.SubnetManager.GetNetworkConfigAsync(cancellationToken).ConfigureAwait(false);
        IBackend backend = _services.Backends.FirstOrDefault(candidate => candidate.Name == config.BackendType)
            ?? throw new UnknownBackendException(config.BackendType, [.. _services.Backends.Select(candidate => candidate.Name)]);

        Progress("choosing the external interface");
        ExternalInterface external = await _services.HostNetwork
            .FindExternalInterfaceAsync(Options.NetworkNamespace, Options.ExternalInterface, config, cancellationToken).ConfigureAwait(false);
        _condition.Change(condition => condition with { Config = config, ExternalInterface = external });

        Progress("looking for the own lease");
        SubnetKey? previous = ReadPreviousSubnet();
        var identity = new LeaseRequest
        {
            Config = config,
            Attributes = new LeaseAttributes { PublicIP = external.PublicIP, PublicIPv6 = external.PublicIPv6 },
            PreviousSubnet = previous,
        };
        Lease? held = await _services.SubnetManager.FindAsync(identity, cancellationToken).ConfigureAwait(false);

        if (!Options.AllowOverlap)
        {
            IReadOnlyList<HostPrefix> prefixes = await _services.HostNetwork.GetPrefixesAsync(Options.NetworkNamespace, cancellationToken).ConfigureAwait(false);
            OverlapCheck.ThrowIfOverlapping(config, prefixes, backend, [.. new[] { previous, held?.Key }.OfType<SubnetKey>()]);
        }

        Progress($"creating the {backend.Name} network");
        var context = new BackendContext
        {
            NetworkName = _services.Name,
            Config = config,
            ExternalInterface = external,
            NetworkNamespace = Options.NetworkNamespace,
            PreviousAttributes = held?.Attributes,
            ResyncInterval = Options.ResyncInterval,
        };
        _network = await backend.CreateNetworkAsync(context, cancellationToken).ConfigureAwait(false);

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

        WasUp = true;
        LogLeaseHeld(_logger, _services.Name, _lease.Key, external.Name);
        _condition.Change(condition => condition with { StartError = null, Lease = _lease, Backend = _network.Status });
        Progress("waiting for the first peers");
        await FollowAsync(config, request, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends the session. With <see cref="StopMode.Remove"/> whatever it owns is undone, peers first, so that they stop sending.</summary>
    /// <param name="mode">What to leave behind.</param>
    /// <param name="deadline">Cuts the undoing short.</param>
    public async Task CloseAsync(StopMode mode, CancellationToken deadline)
    {
        if (mode == StopMode.Remove)
        {
            using var limit = new CancellationTokenSource(RemovalLimit, _services.Time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, deadline);
            if (_lease is { } lease) await TryAsync("release the lease", () => _services.SubnetManager.ReleaseAsync(lease, both.Token)).ConfigureAwait(false);
            if (_network is { } network) await TryAsync("remove the data path", () => network.RemoveAsync(both.Token)).ConfigureAwait(false);
            if (_subnetFile is not null) await TryAsync("delete the subnet file", () => Task.Run(() => File.Delete(Options.SubnetFile!), both.Token)).ConfigureAwait(false);
        }

        if (_network is not null) await TryAsync("close the data path", () => _network.DisposeAsync().AsTask()).ConfigureAwait(false);
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

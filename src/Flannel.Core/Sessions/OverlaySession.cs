using System.Diagnostics;
using System.Net;
using Flannel.Core.Configuration;
using Flannel.Core.Diagnostics;
using Flannel.Core.Hosting;
using Flannel.Core.Leases;
using Flannel.Extensibility;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Sessions;

/// <summary>
/// One attempt of a node to be in the overlay, in this order: 1 check that we may, 2 read the configuration, 3 choose backend and interface,
/// 4 look for collisions, 5 create or adopt the backend's device, 6 acquire the lease, 7 put it into effect, 8 follow leases, data path, host and
/// configuration until cancelled or until something changed that needs a new session. Nothing is touched before step 5. What it makes it leaves to
/// the node.
/// </summary>
internal sealed partial class OverlaySession
{
    private readonly NodeServices _services;
    private readonly NodeConditionCell _condition;
    private readonly HeldNetwork _held;
    private readonly ILogger _logger;
    private readonly SubnetFileWriter? _subnetFile;
    private NetworkConfig _config = new();
    private ExternalInterfaceOptions _externalInterface;

    /// <param name="services">Everything the node is made of.</param>
    /// <param name="condition">Where to report.</param>
    /// <param name="held">What the node holds already, and where to leave what the session makes.</param>
    public OverlaySession(NodeServices services, NodeConditionCell condition, HeldNetwork held)
    {
        _services = services;
        _condition = condition;
        _held = held;
        _logger = services.LoggerFactory.CreateLogger<FlannelNode>();
        _externalInterface = services.Options.ExternalInterface;
        _subnetFile = services.Options.SubnetFile is { } path
            ? new SubnetFileWriter(path, condition, services.Time, services.Random, _logger)
            : null;
    }

    /// <summary>Whether the session came as far as following the peers.</summary>
    public bool HasRun { get; private set; }

    private FlannelOptions Options => _services.Options;

    /// <summary>
    /// Joins the overlay and stays in it. Ends by cancellation or by an exception, or when something changed that another session has to follow.
    /// </summary>
    public async Task<SessionEnd> RunAsync(CancellationToken cancellationToken)
    {
        Running running = await TracedAsync(
            FlannelTelemetry.JoinActivity, () => JoinAsync(cancellationToken), static join => join.Membership).ConfigureAwait(false);
        Progress("waiting for the first peers");
        return await FollowAsync(running, cancellationToken).ConfigureAwait(false);
    }

    // A method to itself: what it has listed is garbage when it ends, and would live as long as the session otherwise.
    private async Task<Running> JoinAsync(CancellationToken cancellationToken)
    {
        RequireTrafficRules();
        await _services.HostNetwork.CheckAccessAsync(Options.NetworkNamespace, cancellationToken).ConfigureAwait(false);

        Progress("reading the network configuration");
        ISubnetView view = await _services.SubnetManager.OpenAsync(cancellationToken).ConfigureAwait(false);
        IBackend backend = ReadConfig(view);
        _held.Claim(_config, backend);

        Progress("choosing the external interface");
        _externalInterface = Options.ExternalInterface.With(view.RequestedPublicIP, view.RequestedPublicIPv6);
        ExternalInterface external = await _services.HostNetwork
            .FindExternalInterfaceAsync(Options.NetworkNamespace, _externalInterface, _config, cancellationToken).ConfigureAwait(false);
        ForwardingStatus forwarding = await CheckForwardingAsync(cancellationToken).ConfigureAwait(false);
        _condition.Change(condition => condition with
        {
            Config = _config,
            UnknownConfigKeys = view.UnknownConfigKeys,
            ExternalInterface = external,
            ForwardingProblem = forwarding.Problem,
        });

        IReadOnlyList<HostPrefix> prefixes = await _services.HostNetwork.GetPrefixesAsync(
            Options.NetworkNamespace, cancellationToken).ConfigureAwait(false);
        IPNetwork[] links = [.. prefixes.Where(prefix => prefix.IsAddress && prefix.Device == external.Name).Select(static prefix => prefix.Prefix)];

        HashSet<IPAddress> addresses = [.. prefixes.Select(static prefix => prefix.Address).OfType<IPAddress>()];

        Progress("looking for the own lease");
        Lease? remembered = _held.Lease is null ? _held.Memory.Read() : null;
        Lease? held = _held.Lease ?? (remembered is null ? null : remembered with { ModRevision = 0 });
        SubnetKey? previous = _held.Lease?.Key ?? ReadPreviousSubnet() ?? held?.Key;
        var request = new LeaseRequest
        {
            Config = _config,
            Attributes = new LeaseAttributes { PublicIP = external.PublicIP, PublicIPv6 = external.PublicIPv6 },
            PreviousSubnet = previous,
            HeldLease = held,
            LastWrite = remembered?.ModRevision ?? 0,
            Peers = _held.Peers,
            Progress = new ProgressReport(ReportWaiting),
        };
        LeaseAttributes? published = _held.Published;
        if (published is null)
        {
            Lease? own = view.FindOwn(request);
            // A lease found by the state directory alone may be another host's, whose image this one was made from: it keeps its MAC to itself.
            bool isOwn = own is not null && (view.IsIdentityAssigned || new NodeIdentity(request).IsOwn(own.Attributes));
            published = isOwn ? own!.Attributes : null;
            if (!Options.AllowOverlap) CheckOverlap(prefixes, external, backend, view, previous, own?.Key);
        }

        PublicAddressRules.Check(external, _config, links); // behind the overlap, which says more where the interface itself lies in the network

        Progress($"creating the {backend.Name} network");
        IBackendNetwork network = await _held.CreateNetworkAsync(backend, ContextFor(external, published), cancellationToken).ConfigureAwait(false);
        if (view.IsPublishedByAnother(request with { Attributes = network.Attributes }))
        {
            // While this host had another one's address, or its image, it took over that one's MAC. With its own address it needs its own MAC.
            await network.RemoveAsync(cancellationToken).ConfigureAwait(false);
            network = await _held.CreateNetworkAsync(backend, ContextFor(external, published: null), cancellationToken).ConfigureAwait(false);
        }

        Progress("acquiring a lease");
        request = request with
        {
            Attributes = network.Attributes,
            PeerRule = peer => PublicAddressRules.RefuseOn(peer.Attributes, links) ?? PublicAddressRules.RefuseOwn(peer.Attributes, addresses)
                ?? network.CheckPeer(peer),
        };
        ISubnetMembership membership = await AcquireAsync(view, request, cancellationToken).ConfigureAwait(false);
        await network.StartAsync(membership.Lease, cancellationToken).ConfigureAwait(false);
        if (network.Attributes != request.Attributes)
        {
            // The host did not let the device keep what was published (its MAC); the peers must know what it has.
            request = request with { Attributes = network.Attributes, HeldLease = membership.Lease };
            view = await _services.SubnetManager.OpenAsync(cancellationToken).ConfigureAwait(false);
            membership = await AcquireAsync(view, request, cancellationToken).ConfigureAwait(false);
        }

        Remember(network);
        HasRun = true;
        Log.LeaseHeld(_logger, NetworkName.Of(_services.Name), membership.Lease.Key, external.Name);
        _condition.Change(
            condition => (condition.Lease?.Key == membership.Lease.Key ? condition : condition.Unsettle(_services.TrafficRules.Count > 0)) with
            {
                StartError = null,
                Lease = membership.Lease,
                LeaseState = OwnLeaseState.Renewed,
                LeaseError = null,
                StoreError = null,
                Quarantine = null,
                PeersRetained = 0,
                Backend = network.Status,
                OldBridges = [.. condition.OldBridges.Where(
                    bridge => bridge.Prefix != membership.Lease.Subnet && bridge.Prefix != membership.Lease.SubnetIPv6)],
            });
        return new Running(backend, network, external, request, membership);
    }

    private async Task<ISubnetMembership> AcquireAsync(ISubnetView view, LeaseRequest request, CancellationToken cancellationToken)
    {
        ISubnetMembership membership = await TracedAsync(
            FlannelTelemetry.AcquireActivity, () => view.AcquireAsync(request, cancellationToken), static acquired => acquired).ConfigureAwait(false);
        _held.Lease = membership.Lease;
        await Task.Run(() => _held.Memory.Write(membership.Lease), CancellationToken.None).WaitAsync(cancellationToken).ConfigureAwait(false);
        return membership;
    }

    private async Task<T> TracedAsync<T>(string name, Func<Task<T>> step, Func<T, ISubnetMembership> membershipOf)
    {
        using Activity? activity = Instrumentation.Source.StartActivity(name);
        activity?.SetTag(FlannelTelemetry.NetworkTag, _services.Name);
        try
        {
            T result = await step().ConfigureAwait(false);
            activity?.SetTag(FlannelTelemetry.SubnetTag, membershipOf(result).Lease.Key.ToString());
            return result;
        }
        catch (Exception error)
        {
            activity.Fail(error);
            throw;
        }
    }

    /// <summary>Reads the configuration, and finds out what of it a node that runs already can follow.</summary>
    private IBackend ReadConfig(ISubnetView view)
    {
        if (_held.Config is not { } running || _held.Lease is not { } lease)
        {
            _config = ReadWhole(view);
            return FindBackend(_config);
        }

        _config = running;
        try
        {
            ConfigTransition transition = TransitionTo(ReadWhole(view), lease.Key);
            _config = transition.Config;
            ReportPending(transition.Pending);
        }
        catch (NetworkConfigException error)
        {
            ReportPending(new PendingConfig(null, [error.Message]));
        }

        return FindBackend(_config);
    }

    private ConfigTransition TransitionTo(NetworkConfig wanted, SubnetKey own) =>
        ConfigTransition.Between(_config, wanted, own, _services.Backends, Options.FollowBackendChanges);

    /// <summary>Reads the configuration and has its backend check its block; what is wrong in either is reported together.</summary>
    private NetworkConfig ReadWhole(ISubnetView view)
    {
        NetworkConfig config;
        try
        {
            config = view.ReadConfig();
        }
        catch (NetworkConfigException error) when (error.Draft is { } draft && ProblemsOfBlock(draft) is { Count: > 0 } more)
        {
            throw new NetworkConfigException(error.Origin, [.. error.Problems, .. more], error);
        }

        return ProblemsOfBlock(config) is { Count: > 0 } problems
            ? throw new NetworkConfigException($"its {BackendBlock.Key} block", problems)
            : config;
    }

    private IReadOnlyList<NetworkConfigProblem> ProblemsOfBlock(NetworkConfig config) =>
        _services.Backends.FirstOrDefault(candidate => candidate.Name == config.BackendType)?.CheckConfig(config) ?? [];

    private IBackend FindBackend(NetworkConfig config) =>
        _services.Backends.FirstOrDefault(candidate => candidate.Name == config.BackendType)
        ?? throw new UnknownBackendException(config.BackendType, [.. _services.Backends.Select(candidate => candidate.Name)]);

    private void CheckOverlap(
        IReadOnlyList<HostPrefix> prefixes, ExternalInterface external, IBackend backend, ISubnetView view, SubnetKey? previous, SubnetKey? held)
    {
        IReadOnlyList<HostPrefix> oldBridges =
            OverlapCheck.Check(_config, prefixes, external, backend, [.. new[] { previous, held }.OfType<SubnetKey>()], view);
        _condition.Change(condition => condition with { OldBridges = oldBridges });
    }

    private BackendContext ContextFor(ExternalInterface external, LeaseAttributes? published) => new()
    {
        NetworkName = _services.Name,
        Config = _config,
        ExternalInterface = external,
        NetworkNamespace = Options.NetworkNamespace,
        PreviousAttributes = published,
        ResyncInterval = Options.ResyncInterval,
        Guard = Options.Guard,
    };

    private void Remember(IBackendNetwork network) => _held.Remember(_config, network.Attributes);

    private void ReportPending(PendingConfig? pending)
    {
        bool isNews = pending is not null && _condition.Status.PendingConfig?.ToString() != pending.ToString();
        _condition.Change(condition => condition with { PendingConfig = pending });
        if (isNews) Log.ConfigPending(_logger, NetworkName.Of(_services.Name), pending!);
    }

    private void Progress(string step) => _condition.Change(condition => condition with { Progress = step });

    // A store that waits for somebody may do so for long: what an earlier session failed of is no news any more.
    private void ReportWaiting(string reason) =>
        _condition.Change(condition => condition with { Progress = $"acquiring a lease: {reason}", StartError = null });

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
            Log.SubnetFileUnreadable(_logger, path, exception.Message);
            return null;
        }
    }

    private sealed class ProgressReport(Action<string> report) : IProgress<string>
    {
        public void Report(string value) => report(value);
    }

    /// <summary>What a session works with once it has a lease.</summary>
    private sealed record Running(
        IBackend Backend, IBackendNetwork Network, ExternalInterface External, LeaseRequest Request, ISubnetMembership Membership);
}

using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Flannel.Containers;
using Flannel.Containers.Addresses;
using Flannel.Containers.Attachments;
using Flannel.Containers.Devices;
using Flannel.Containers.Ports;
using Flannel.Containers.Subnets;
using Flannel.Extensibility;
using Flannel.Netlink;
using Flannel.Netlink.Netfilter;
using Flannel.Netlink.Route;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flannel;

/// <inheritdoc cref="IContainerNetwork"/>
[SupportedOSPlatform("linux")]
public sealed partial class ContainerNetwork : IContainerNetwork
{
    private readonly ContainerNetworkOptions _options;
    private readonly Func<HostSubnets?> _current;
    private readonly ILogger _logger;
    private readonly KeyedLocks<Owner> _calls = new();
    private readonly AddressBook _book;
    private readonly Lazy<Kernel> _kernel;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _following = Task.CompletedTask;

    internal ContainerNetwork(ContainerNetworkOptions options, Func<HostSubnets?> current, IFlannelNode? node, ILogger logger, TimeProvider time)
    {
        Validate(options);
        (_options, _current, _logger) = (options, current, logger);
        _book = options.StateDirectory is { } folder
            ? new AddressDirectory(Path.Combine(folder, options.NetworkName), options.LockTimeout, time)
            : new AddressBook();
        _kernel = new Lazy<Kernel>(() => new Kernel(options, () => _book.List()));
        if (node is not null) _following = Task.Run(() => FollowAsync(node));
    }

    /// <summary>Called behind every step, so that a test can cut a call short there.</summary>
    internal Action<Step>? Reached { get; set; }

    /// <summary>Attaches containers to the network of a node, and follows its lease and MTU.</summary>
    /// <param name="node">The node. Whoever made it disposes of it, behind this.</param>
    /// <param name="options">How; <see langword="null"/> for the defaults. Name the host's namespace if the node's is not the process's own.</param>
    /// <param name="loggerFactory">Where to log; <see langword="null"/> for nowhere.</param>
    /// <exception cref="ContainerNetworkException">An option is invalid.</exception>
    public static ContainerNetwork For(IFlannelNode node, ContainerNetworkOptions? options = null, ILoggerFactory? loggerFactory = null)
    {
        ArgumentNullException.ThrowIfNull(node);
        return new ContainerNetwork(options ?? new(), () => HostSubnets.Of(node.Status), node, LoggerOf(loggerFactory), TimeProvider.System);
    }

    /// <summary>Attaches containers to subnets that the caller knows, without a node.</summary>
    /// <param name="subnets">The host's subnets, at most one of each family.</param>
    /// <param name="mtu">Largest packet in bytes.</param>
    /// <param name="options">How; <see langword="null"/> for the defaults.</param>
    /// <param name="loggerFactory">Where to log; <see langword="null"/> for nowhere.</param>
    /// <exception cref="ContainerNetworkException">An option is invalid.</exception>
    public static ContainerNetwork For(
        IEnumerable<IPNetwork> subnets, int mtu, ContainerNetworkOptions? options = null, ILoggerFactory? loggerFactory = null)
    {
        var fixedSubnets = new HostSubnets([.. subnets.OrderBy(static subnet => subnet.BaseAddress.AddressFamily)], mtu);
        if (fixedSubnets.Subnets.IsEmpty
            || fixedSubnets.Subnets.GroupBy(static subnet => subnet.BaseAddress.AddressFamily).Any(static family => family.Count() > 1))
        {
            throw Invalid("One subnet of each family at most is needed, and one at least.");
        }

        return new ContainerNetwork(options ?? new(), () => fixedSubnets, null, LoggerOf(loggerFactory), TimeProvider.System);
    }

    /// <inheritdoc/>
    public async Task<AttachedContainer> AttachAsync(ContainerAttachment attachment, CancellationToken cancellationToken = default)
    {
        Owner owner = Validate(attachment);
        using IDisposable turn = await _calls.EnterAsync(owner, cancellationToken).ConfigureAwait(false);
        return await RunAsync($"attach {owner}", () => Attach(owner, attachment)).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task DetachAsync(string containerId, string interfaceName = "eth0", CancellationToken cancellationToken = default)
    {
        Owner owner = Validate(containerId, interfaceName);
        using IDisposable turn = await _calls.EnterAsync(owner, cancellationToken).ConfigureAwait(false);
        await RunAsync($"detach {owner}", () => DetachAsync(owner)).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<ContainerCheck> CheckAsync(ContainerAttachment attachment, CancellationToken cancellationToken = default)
    {
        Owner owner = Validate(attachment, needsNamespace: false);
        using IDisposable turn = await _calls.EnterAsync(owner, cancellationToken).ConfigureAwait(false);
        return await RunAsync($"check {owner}", () => new ContainerCheck([.. FindProblems(owner, attachment)])).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<ContainerListing>> ListAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return RunAsync<IReadOnlyList<ContainerListing>>("list the containers", List);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ContainerListing>> CollectGarbageAsync(
        IReadOnlyCollection<string> liveIds, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(liveIds);
        HashSet<string> live = [.. liveIds];
        List<ContainerListing> dead =
            [.. (await ListAsync(cancellationToken).ConfigureAwait(false)).Where(listing => !live.Contains(listing.ContainerId))];
        await Parallel.ForEachAsync(dead, cancellationToken, async (listing, token) =>
        {
            var owner = new Owner(listing.ContainerId, listing.InterfaceName);
            using IDisposable turn = await _calls.EnterAsync(owner, token).ConfigureAwait(false);
            await RunAsync($"clear up {owner}", () => DetachAsync(owner)).ConfigureAwait(false);
            Log.Cleared(_logger, owner.ToString(), listing.State);
        }).ConfigureAwait(false);
        await RunAsync("clear up ports and gateways", Sweep).ConfigureAwait(false);
        return dead;
    }

    /// <summary>Stops following the node. What is attached stays.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested) return;
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _following.ConfigureAwait(false);
        if (_kernel.IsValueCreated) _kernel.Value.Dispose();
        _stopping.Dispose();
    }

    private static ILogger LoggerOf(ILoggerFactory? factory) => (factory ?? NullLoggerFactory.Instance).CreateLogger<ContainerNetwork>();

    /// <summary>The kernel works inside the call, so it is not done on the caller's thread.</summary>
    private static Task<T> RunAsync<T>(string what, Func<T> function) => RunAsync(what, () => Task.FromResult(function()));

    private static Task<bool> RunAsync(string what, Action action) => RunAsync(what, () =>
    {
        action();
        return true;
    });

    private static Task<bool> RunAsync(string what, Func<Task> function) => RunAsync(what, async () =>
    {
        await function().ConfigureAwait(false);
        return true;
    });

    private static Task<T> RunAsync<T>(string what, Func<Task<T>> function) => Task.Run(async () =>
    {
        try
        {
            return await function().ConfigureAwait(false);
        }
        catch (NetworkNamespaceException exception)
        {
            throw new ContainerNetworkException(ContainerNetworkError.NamespaceGone, $"Cannot {what}: {exception.Message}", exception);
        }
        catch (NetlinkException exception) when (exception.ErrorName == "EPERM")
        {
            throw new MissingCapabilityException("CAP_NET_ADMIN", $"To {what} ({exception.Operation})", exception);
        }
        catch (NetlinkException exception)
        {
            throw new ContainerNetworkException(ContainerNetworkError.Kernel, $"Cannot {what}: the kernel refuses {exception.Message}.", exception);
        }
    });

    private HostSubnets Current => _current() ?? throw new ContainerNetworkException(
        ContainerNetworkError.NoLease, "The node has no lease at present, so there are no addresses to give. Wait until it is ready " +
            "(WaitForReadyAsync), and try again.");

    /// <summary>Sockets in the host's namespace, opened once.</summary>
    private sealed class Kernel : IDisposable
    {
        private readonly TrackedDatagrams _datagrams;

        public Kernel(ContainerNetworkOptions options, Func<IReadOnlyDictionary<IPAddress, Owner>> reservations)
        {
            (Netlink, Nftables, _datagrams) = NetworkNamespace.Run(
                options.NetworkNamespace, static () => (RouteNetlink.Open(), NftablesNetlink.Open(), new TrackedDatagrams()));
            Host = new HostDevices(options, Netlink, reservations);
            Containers = new ContainerDevices(options, Netlink);
            AddressFamily[] families = [AddressFamily.InterNetwork, AddressFamily.InterNetworkV6];
            Ports = [.. families.Select(family => new PortTable(Nftables, _datagrams, family, options))];
        }

        public RouteNetlink Netlink { get; }

        public NftablesNetlink Nftables { get; }

        public HostDevices Host { get; }

        public ContainerDevices Containers { get; }

        public PortTable[] Ports { get; }

        public PortTable PortsOf(IPAddress address) => Ports[address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? 0 : 1];

        public void Dispose()
        {
            Netlink.Dispose();
            Nftables.Dispose();
            _datagrams.Dispose();
        }
    }
}

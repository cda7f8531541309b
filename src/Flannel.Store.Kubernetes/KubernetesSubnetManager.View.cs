using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Flannel.Extensibility;
using Flannel.Store.Kubernetes.Client;
using Flannel.Store.Kubernetes.Following;
using Flannel.Store.Kubernetes.Membership;
using Flannel.Store.Kubernetes.NetworkConfigs;
using Flannel.Store.Kubernetes.Nodes;
using Flannel.Store.Kubernetes.Objects;

namespace Flannel.Store.Kubernetes;

internal sealed partial class KubernetesSubnetManager
{
    /// <summary>What one listing showed.</summary>
    private sealed class View(KubernetesSubnetManager manager, ApiObject own, ApiList list, ConfigDocument config) : ISubnetView
    {
        public IReadOnlyCollection<SubnetKey> Leased { get; } =
            [.. list.Objects.Select(static node => NodeLease.ToPeer(node)?.Subnets).OfType<SubnetKey>()];

        public IReadOnlyList<string> UnknownConfigKeys => config.Bytes is { } bytes ? NetworkConfig.FindUnknownKeys(bytes) : [];

        public IPAddress? RequestedPublicIP => NodeLease.ReadAddress(own.Annotations, Annotation.NodePublicIP, AddressFamily.InterNetwork, out _);

        public IPAddress? RequestedPublicIPv6 =>
            NodeLease.ReadAddress(own.Annotations, Annotation.NodePublicIPv6, AddressFamily.InterNetworkV6, out _);

        public bool IsIdentityAssigned => true;

        public NetworkConfig ReadConfig() => AssignedNetworkConfig.Parse(config, manager._config.Name);

        public Lease? FindOwn(LeaseRequest request)
        {
            ArgumentNullException.ThrowIfNull(request);
            if (NodeSubnets.Read(own, out _).KeyFor(request.Config) is not { } key)
                return null;
            // What was published before, by flannel or by this library, tells the backend which MAC or key to keep.
            LeaseAttributes? published = own.Annotations[Annotation.BackendType] is null ? null : NodeLease.ReadAttributes(own.Annotations, out _);
            return NodeKeeper.LeaseOf(own, key, published ?? request.Attributes);
        }

        public async Task<ISubnetMembership> AcquireAsync(LeaseRequest request, CancellationToken cancellationToken)
        {
            ArgumentNullException.ThrowIfNull(request);
            ApiObject node = own;
            SubnetKey? found = KeyOf(node, request.Config, out string? missing);
            if (found is null)
                node = await WaitForSubnetsAsync(request, missing!, cancellationToken).ConfigureAwait(false);
            SubnetKey key = found ?? KeyOf(node, request.Config, out _)!.Value;
            // First the check, then the annotations: what is published draws traffic.
            AssignedNetworkConfig.RequireContains(request.Config, key, node.Name, manager._config.Name);
            LeaseAttributes attributes = NodeLease.Overwrite(request.Attributes, node, request.Config, out string? problem);
            if (problem is null)
                _ = NodeLease.ReadAddress(node.Annotations, Annotation.NodePublicIP, AddressFamily.InterNetwork, out problem);
            if (problem is null)
                _ = NodeLease.ReadAddress(node.Annotations, Annotation.NodePublicIPv6, AddressFamily.InterNetworkV6, out problem);
            if (problem is not null)
            {
                throw new StoreException(
                    $"The Node {node.Name} cannot be published: {problem}. Correct the annotation or remove it.", isTransient: false);
            }

            KeyValuePair<Annotation, string?>[] changes = [.. node.Annotations.DifferencesTo(NodeLease.ToAnnotations(attributes))];
            if (changes.Length > 0)
            {
                byte[] patch = NodePatch.Annotations(changes, manager._names);
                node = await manager._client.SendAsync(ApiRequest.PatchStatus(node.Name, patch), cancellationToken).ConfigureAwait(false);
            }

            Log.Published(manager._logger, node.Name, key, changes.Length);
            Dictionary<Annotation, string> replaced = NodeKeeper.AddressesIn(
                changes.Select(change => KeyValuePair.Create(change.Key, own.Annotations[change.Key])));
            return new Membership(manager, request, NodeKeeper.LeaseOf(node, key, attributes), node, list, config, replaced);
        }

        /// <summary>
        /// Waits on a watch of the own Node until it has the subnets, and says so meanwhile. Another configuration may ask for other subnets.
        /// </summary>
        /// <exception cref="StoreException">The network configuration changed.</exception>
        private async Task<ApiObject> WaitForSubnetsAsync(LeaseRequest request, string missing, CancellationToken cancellationToken)
        {
            Say(missing);
            using var found = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var items = Channel.CreateBounded<ReflectorItem>(1);
            var configs = Channel.CreateBounded<ConfigDocument>(1);
            Task following = Task.WhenAll(
                manager.Follow(ApiSource.Node(own.Name)).RunAsync(null, items.Writer, found.Token),
                manager._config.FollowAsync(config, configs.Writer, found.Token));
            try
            {
                Task changed = configs.Reader.WaitToReadAsync(found.Token).AsTask();
                while (true)
                {
                    await Task.WhenAny(items.Reader.WaitToReadAsync(found.Token).AsTask(), changed).ConfigureAwait(false);
                    if (changed.IsCompletedSuccessfully)
                    {
                        throw new StoreException(
                            $"The network configuration ({manager._config.Name}) changed while the Node {own.Name} was waited for; it is read again.",
                            isTransient: true);
                    }

                    ReflectorItem item = await items.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
                    ApiObject? node = item switch
                    {
                        ReflectorItem.Listed { List.Objects: [var only, ..] } => only,
                        ReflectorItem.Changed { Items: [.., { Kind: not ApiItemKind.Deleted } last] } => last.Object,
                        _ => null,
                    };
                    if (item is ReflectorItem.Away away)
                        Say($"{missing} The API server is away: {away.Error.Message}");
                    else if (node is null && item is not ReflectorItem.Back)
                        Say($"The Node {own.Name} was deleted; waiting until it is there again.");
                    else if (node is not null && KeyOf(node, request.Config, out missing!) is not null)
                        return node;
                    else
                        Say(missing);
                }
            }
            finally
            {
                await found.CancelAsync().ConfigureAwait(false);
                await following.WaitAsync(CloseLimit, manager._time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            void Say(string reason)
            {
                request.Progress?.Report(reason);
                Log.Waiting(manager._logger, reason);
            }
        }

        private static SubnetKey? KeyOf(ApiObject node, NetworkConfig config, out string? missing)
        {
            NodeSubnets subnets = NodeSubnets.Read(node, out string? problem);
            SubnetKey? key = problem is null ? subnets.KeyFor(config) : null;
            missing = key is null ? NodeKeeper.DescribeMissing(node, subnets, config, problem) : null;
            return key;
        }
    }

    /// <summary>A subnet that the Node has.</summary>
    private sealed class Membership(
        KubernetesSubnetManager manager,
        LeaseRequest request,
        Lease lease,
        ApiObject node,
        ApiList list,
        ConfigDocument config,
        Dictionary<Annotation, string> replaced) : ISubnetMembership
    {
        private ApiList? _listed = list;

        public Lease Lease => lease;

        public async IAsyncEnumerable<SubnetEvent> WatchAsync(
            [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
        {
            var keeper = new NodeKeeper(
                new NodeKeeperServices
                {
                    Client = manager._client,
                    Names = manager._names,
                    Follow = manager.Follow,
                    Config = manager._config,
                    Limits = manager.ReadLimits(),
                    SetsCondition = manager._options.SetNodeNetworkUnavailable,
                    Time = manager._time,
                    Random = new Random(manager._random.Next()),
                    Metrics = manager._metrics,
                    Logger = manager._logger,
                    NoteVersion = version => manager._version = version,
                },
                request,
                lease,
                node,
                Interlocked.Exchange(ref _listed, null),
                config,
                replaced);
            await using (keeper.ConfigureAwait(false))
            {
                while (true)
                {
                    while (keeper.TryTake(out SubnetEvent? result))
                        yield return result;
                    await keeper.StepAsync(cancellationToken).ConfigureAwait(false);
                }
            }
        }
    }
}

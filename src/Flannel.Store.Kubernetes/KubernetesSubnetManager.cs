using System.Net;
using Flannel.Extensibility;
using Flannel.Store.Kubernetes.Access;
using Flannel.Store.Kubernetes.Client;
using Flannel.Store.Kubernetes.Diagnostics;
using Flannel.Store.Kubernetes.Following;
using Flannel.Store.Kubernetes.NetworkConfigs;
using Flannel.Store.Kubernetes.Nodes;
using Flannel.Store.Kubernetes.Objects;
using Microsoft.Extensions.Logging;

namespace Flannel.Store.Kubernetes;

/// <summary>
/// The lease policy of a node in a Kubernetes cluster. The cluster gives the subnet (Node.spec.podCIDRs) and it never ends; what a lease's holder
/// publishes are annotations of its Node; the others are the other Nodes.
/// </summary>
internal sealed partial class KubernetesSubnetManager : ISubnetManager, IDisposable
{
    // Closing connections takes moments; more than that nobody waits for.
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(2);

    private readonly KubernetesStoreOptions _options;
    private readonly KubernetesEnvironment _environment;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly ILogger _logger;
    private readonly KubernetesMetrics _metrics;
    private readonly ApiConnection _connection;
    private readonly ApiClient _client;
    private readonly AnnotationNames _names;
    private readonly IConfigOrigin _config;
    private readonly Func<FlannelOptions> _readOptions;
    private string? _nodeName;
    private volatile string _version = "0";

    public KubernetesSubnetManager(
        KubernetesStoreOptions options,
        KubernetesEnvironment environment,
        Func<FlannelOptions> readOptions,
        TimeProvider time,
        Random random,
        ILogger<KubernetesSubnetManager> logger,
        KubernetesMetrics metrics)
    {
        _options = options;
        _environment = environment;
        _time = time;
        _random = random;
        _logger = logger;
        _metrics = metrics;
        _readOptions = readOptions;
        _names = new AnnotationNames(options.AnnotationPrefix);
        _connection = new ApiConnection(options, environment, time, logger);
        _client = new ApiClient(_connection, _names, options.RequestTimeout, time, metrics);
        _config = options.ConfigMap is { } map
            ? new ConfigMapEntry(map, options.ConfigMapKey, _client, Follow)
            : new ConfigFile(options.ConfigFile, time);
    }

    /// <inheritdoc />
    public async Task<ISubnetView> OpenAsync(CancellationToken cancellationToken)
    {
        string name = await FindNodeNameAsync(cancellationToken).ConfigureAwait(false);
        ApiObject own = await GetNodeAsync(name, cancellationToken).ConfigureAwait(false);
        ApiList list = await ListAsync(cancellationToken).ConfigureAwait(false);
        ConfigDocument config = await _config.ReadAsync(cancellationToken).ConfigureAwait(false);
        return new View(this, own, list, config);
    }

    /// <inheritdoc />
    public async Task ReleaseAsync(Lease lease, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lease);
        string name = await FindNodeNameAsync(cancellationToken).ConfigureAwait(false);
        ApiObject node = await GetNodeAsync(name, cancellationToken).ConfigureAwait(false);
        Dictionary<Annotation, string> published = NodeLease.ToAnnotations(lease.Attributes);
        if (published.Any(entry => node.Annotations[entry.Key] != entry.Value))
            return; // somebody else's by now
        byte[] patch = NodePatch.Annotations(published.Keys.Select(static key => KeyValuePair.Create(key, (string?)null)), _names);
        await _client.SendAsync(ApiRequest.PatchStatus(name, patch), cancellationToken).ConfigureAwait(false);
        Log.Withdrawn(_logger, name, lease.Key);
    }

    /// <inheritdoc />
    public async Task ResetConnectionsAsync()
    {
        Task reset = _client.ResetAsync(CancellationToken.None);
        await reset.WaitAsync(CloseLimit, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose() => _connection.Dispose();

    private PeerLimits ReadLimits()
    {
        FlannelOptions options = _readOptions();
        return new PeerLimits
        {
            MaxPeers = options.MaxPeers,
            MaxQuarantined = options.MaxQuarantined,
            GracePeriod = options.PeerGracePeriod,
            MassRemovalGracePeriod = options.MassRemovalGracePeriod,
            AreSubnetsAssigned = true,
        };
    }

    private Reflector Follow(ApiSource source) => new(_client, source, _time, new Random(_random.Next()), _metrics, _logger);

    private async Task<ApiList> ListAsync(CancellationToken cancellationToken)
    {
        try
        {
            // Not older than what is known: another server may lag behind.
            return await _client.ListAsync(ApiSource.Nodes, _version, cancellationToken).ConfigureAwait(false);
        }
        catch (KubernetesApiException error) when (error.IsTooNew || error.IsExpired)
        {
            _version = "0";
            return await _client.ListAsync(ApiSource.Nodes, "", cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<ApiObject> GetNodeAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return await _client.SendAsync(ApiRequest.GetNode(name), cancellationToken).ConfigureAwait(false);
        }
        catch (KubernetesApiException error) when (error.StatusCode == HttpStatusCode.NotFound)
        {
            throw new StoreException(
                $"The cluster at {_client.Server} has no Node {ForeignText.Show(name)}, which this host is to be. If its kubelet is not up yet, " +
                "this waits; else correct NODE_NAME (NodeName): it is the Node's name as 'kubectl get nodes' shows it.",
                isTransient: true,
                error);
        }
    }

    private async Task<string> FindNodeNameAsync(CancellationToken cancellationToken)
    {
        if ((_options.NodeName ?? _environment.NodeName ?? _nodeName) is { } known)
            return known;
        string? pod = _options.PodName ?? _environment.PodName;
        string? space = _options.PodNamespace ?? _environment.PodNamespace;
        if (pod is null || space is null)
        {
            throw new KubernetesAccessException(
                "the name of this host's Node",
                "neither NODE_NAME (NodeName) nor both of POD_NAME and POD_NAMESPACE (PodName, PodNamespace) are set; in a pod, take NODE_NAME " +
                "from the field spec.nodeName");
        }

        ApiObject found = await _client.SendAsync(ApiRequest.GetPod(space, pod), cancellationToken).ConfigureAwait(false);
        return _nodeName = found.NodeName is { Length: > 0 } name
            ? name
            : throw new StoreException(
                $"The pod {space}/{pod} runs on no Node yet, so this host's Node is not known. Set NODE_NAME (NodeName).", isTransient: true);
    }
}

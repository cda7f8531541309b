using System.Text;
using System.Threading.Channels;
using Flannel.Store.Kubernetes.Client;
using Flannel.Store.Kubernetes.Following;
using Flannel.Store.Kubernetes.Objects;

namespace Flannel.Store.Kubernetes.NetworkConfigs;

/// <summary>One key of a ConfigMap, read from the API and watched there.</summary>
internal sealed class ConfigMapEntry : IConfigOrigin
{
    private const int QueueLength = 16;

    private readonly ApiClient _client;
    private readonly ApiSource _source;
    private readonly Func<ApiSource, Reflector> _follow;
    private readonly string _map;

    /// <param name="map">The namespace and the name, with a slash between.</param>
    /// <param name="key">The key.</param>
    /// <param name="client">Sends the requests.</param>
    /// <param name="follow">Makes what follows an object.</param>
    public ConfigMapEntry(string map, string key, ApiClient client, Func<ApiSource, Reflector> follow)
    {
        _map = map;
        _client = client;
        _follow = follow;
        string[] parts = map.Split('/');
        _source = ApiSource.ConfigMap(parts[0], parts[1], key);
    }

    public string Name => $"key {_source.DataKey} of the ConfigMap {_map}";

    public async Task<ConfigDocument> ReadAsync(CancellationToken cancellationToken)
    {
        ApiList list = await _client.ListAsync(_source, "0", cancellationToken).ConfigureAwait(false);
        return DocumentOf(list.Objects.Count > 0 ? list.Objects[0] : null);
    }

    public async Task FollowAsync(ConfigDocument known, ChannelWriter<ConfigDocument> writer, CancellationToken cancellationToken)
    {
        var items = Channel.CreateBounded<ReflectorItem>(QueueLength);
        Task following = _follow(_source).RunAsync(null, items.Writer, cancellationToken);
        await foreach (ReflectorItem item in items.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            ConfigDocument? found = item switch
            {
                ReflectorItem.Listed { List.Objects: var objects } => DocumentOf(objects.Count > 0 ? objects[0] : null),
                ReflectorItem.Changed { Items: [.., var last] } => DocumentOf(last.Kind == ApiItemKind.Deleted ? null : last.Object),
                _ => null, // that the server is away is told by those who follow the Nodes
            };
            if (found is null || found == known)
                continue;
            known = found;
            await writer.WriteAsync(found, cancellationToken).ConfigureAwait(false);
        }

        await following.ConfigureAwait(false);
    }

    private static ConfigDocument DocumentOf(ApiObject? map) => new(map?.Data is { } text ? Encoding.UTF8.GetBytes(text) : null);
}

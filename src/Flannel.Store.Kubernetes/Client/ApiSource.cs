namespace Flannel.Store.Kubernetes.Client;

/// <summary>What is listed and watched.</summary>
/// <param name="Resource">The kind, in the words of roles.</param>
/// <param name="Path">Where they are.</param>
/// <param name="Selector">Which of them; empty for all.</param>
/// <param name="DataKey">The key of a ConfigMap whose value is read.</param>
internal sealed record ApiSource(string Resource, string Path, string Selector = "", string? DataKey = null)
{
    public static ApiSource Nodes { get; } = new("nodes", "/api/v1/nodes");

    public static ApiSource Node(string name) => new("nodes", "/api/v1/nodes", $"metadata.name={name}");

    public static ApiSource ConfigMap(string space, string name, string key) =>
        new("configmaps", $"/api/v1/namespaces/{Uri.EscapeDataString(space)}/configmaps", $"metadata.name={name}", key);
}

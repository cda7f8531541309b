namespace Flannel.Store.Kubernetes.Client;

/// <summary>One request, and what it is in the words of the API server's roles.</summary>
/// <param name="Verb">What is done: get, list, watch, patch.</param>
/// <param name="Resource">To what: nodes, nodes/status, pods, configmaps.</param>
/// <param name="Path">Where, below the server's address.</param>
/// <param name="Query">The question behind the path, without the question mark.</param>
/// <param name="Body">A strategic merge patch.</param>
internal sealed record ApiRequest(string Verb, string Resource, string Path, string Query = "", byte[]? Body = null)
{
    private const string Core = "/api/v1";

    /// <summary>The group's name of one object, for messages; empty for all of them.</summary>
    public string Name { get; init; } = "";

    /// <summary>Whether an object of this name can be in the answer.</summary>
    public bool IsFor(string name) => Name.Length == 0 || Name == name || Name.EndsWith($"/{name}", StringComparison.Ordinal);

    public static ApiRequest GetNode(string name) => new("get", "nodes", $"{Core}/nodes/{Uri.EscapeDataString(name)}") { Name = name };

    public static ApiRequest GetPod(string space, string name) =>
        new("get", "pods", $"{Core}/namespaces/{Uri.EscapeDataString(space)}/pods/{Uri.EscapeDataString(name)}") { Name = $"{space}/{name}" };

    public static ApiRequest PatchStatus(string node, byte[] patch) =>
        new("patch", "nodes/status", $"{Core}/nodes/{Uri.EscapeDataString(node)}/status", "", patch) { Name = node };

    /// <summary>All objects of a kind, or those that a selector leaves.</summary>
    /// <param name="source">What to list.</param>
    /// <param name="version">The version to list: empty for the newest, 0 for any, else one that must not be older.</param>
    /// <param name="limit">How many at once; 0 for all.</param>
    /// <param name="next">Where the next page begins.</param>
    public static ApiRequest List(ApiSource source, string version, int limit, string next)
    {
        string query = source.Selector.Length > 0 ? $"fieldSelector={Uri.EscapeDataString(source.Selector)}&" : "";
        if (limit > 0)
            query += $"limit={limit}&";
        // A page that follows shows the version of the first one, and must not name another.
        query += next.Length > 0
            ? $"continue={Uri.EscapeDataString(next)}"
            : version.Length > 0 ? $"resourceVersion={Uri.EscapeDataString(version)}" : "";
        return new("list", source.Resource, source.Path, query.TrimEnd('&'));
    }

    /// <summary>What happens to them after a version.</summary>
    public static ApiRequest Watch(ApiSource source, string version, int seconds)
    {
        string selector = source.Selector.Length > 0 ? $"fieldSelector={Uri.EscapeDataString(source.Selector)}&" : "";
        return new(
            "watch", source.Resource, source.Path,
            $"{selector}allowWatchBookmarks=true&resourceVersion={Uri.EscapeDataString(version)}&timeoutSeconds={seconds}&watch=true");
    }

    /// <summary>The request in words, such as <c>patch nodes/status host1</c>.</summary>
    public override string ToString() => Name.Length == 0 ? $"{Verb} {Resource}" : $"{Verb} {Resource} {Name}";
}

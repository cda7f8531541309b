namespace Flannel.Store.Kubernetes.Tests.Lab;

/// <summary>One request as the server saw it.</summary>
internal sealed record ApiRequestRecord(string Method, string Path, string Query, string Body, IReadOnlyDictionary<string, string> Headers)
{
    public string? Authorization => Headers.GetValueOrDefault("Authorization");

    public bool IsWatch => Query.Contains("watch=true", StringComparison.Ordinal);

    public bool IsList => Method == "GET" && Path == "/api/v1/nodes" && !IsWatch;

    public bool IsPatch => Method == "PATCH";
}

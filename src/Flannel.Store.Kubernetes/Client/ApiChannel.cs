using Flannel.Store.Kubernetes.Access;

namespace Flannel.Store.Kubernetes.Client;

/// <summary>Where to send a request, and with what.</summary>
/// <param name="Invoker">What sends it.</param>
/// <param name="Server">The server; it may have a path.</param>
/// <param name="Origin">Where the access is written down, for messages.</param>
/// <param name="Credentials">Who sends it.</param>
internal sealed record ApiChannel(HttpMessageInvoker Invoker, Uri Server, string Origin, ApiCredentials Credentials)
{
    /// <summary>The name to look for in the server's certificate instead of its address.</summary>
    public string? ServerName { get; init; }
}

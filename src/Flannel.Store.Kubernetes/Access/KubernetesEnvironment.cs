using System.Net;

namespace Flannel.Store.Kubernetes.Access;

/// <summary>What the process's surroundings say: its environment, and the service account that a pod has.</summary>
internal sealed record KubernetesEnvironment
{
    public string? NodeName { get; init; }

    public string? PodName { get; init; }

    public string? PodNamespace { get; init; }

    public string? ServiceHost { get; init; }

    public string? ServicePort { get; init; }

    public string? HttpProxy { get; init; }

    public string? HttpsProxy { get; init; }

    public string? NoProxy { get; init; }

    /// <summary>Asks for a name's addresses.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>> Resolve { get; init; } =
        static (host, cancellationToken) => Dns.GetHostAddressesAsync(host, cancellationToken);

    /// <summary>Where a pod finds its token and the authorities to trust.</summary>
    public string ServiceAccountFolder { get; init; } = "/var/run/secrets/kubernetes.io/serviceaccount";

    /// <summary>Reads the process's environment.</summary>
    public static KubernetesEnvironment OfProcess() => new()
    {
        NodeName = Variable("NODE_NAME"),
        PodName = Variable("POD_NAME"),
        PodNamespace = Variable("POD_NAMESPACE"),
        ServiceHost = Variable("KUBERNETES_SERVICE_HOST"),
        ServicePort = Variable("KUBERNETES_SERVICE_PORT"),
        HttpProxy = Variable("HTTP_PROXY") ?? Variable("http_proxy"),
        HttpsProxy = Variable("HTTPS_PROXY") ?? Variable("https_proxy"),
        NoProxy = Variable("NO_PROXY") ?? Variable("no_proxy"),
    };

    /// <summary>How a pod reaches the API server.</summary>
    /// <exception cref="KubernetesAccessException">This is no pod.</exception>
    public ClusterAccess OfPod()
    {
        const string Origin = "a pod's service account";
        if (ServiceHost is not { Length: > 0 } host || ServicePort is not { Length: > 0 } port)
        {
            throw new KubernetesAccessException(
                Origin,
                "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set, so this is no pod of a cluster; name a kubeconfig " +
                "(KubeconfigFile; flannel: -kubeconfig-file) or the API server's address (ApiServer; -kube-api-url)");
        }

        string authority = host.Contains(':', StringComparison.Ordinal) && !host.StartsWith('[') ? $"[{host}]" : host;
        if (!Uri.TryCreate($"https://{authority}:{port}", UriKind.Absolute, out Uri? server))
        {
            throw new KubernetesAccessException(
                Origin,
                $"KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are {ForeignText.Show(host)} and {ForeignText.Show(port)}, which are no " +
                "address");
        }

        return new ClusterAccess
        {
            Origin = Origin,
            Server = server,
            Authorities = new PemSource("the service account's", Path.Combine(ServiceAccountFolder, "ca.crt"), null),
            User = new UserAccess { TokenFile = Path.Combine(ServiceAccountFolder, "token") },
        };
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}

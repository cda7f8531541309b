using System.ComponentModel.DataAnnotations;

namespace Flannel;

/// <summary>
/// How to reach the Kubernetes API, which Node this host is, and where the network is written down. The names in parentheses are flannel's flags and
/// variables.
/// </summary>
public sealed class KubernetesStoreOptions
{
    /// <summary>The prefix of annotations when none is given.</summary>
    public const string DefaultAnnotationPrefix = "flannel.alpha.coreos.com";

    /// <summary>The file with the network configuration when none is given.</summary>
    public const string DefaultConfigFile = "/etc/kube-flannel/net-conf.json";

    /// <summary>The key of a ConfigMap that holds the network configuration when none is given.</summary>
    public const string DefaultConfigMapKey = "net-conf.json";

    private HttpMessageHandler? _httpHandler;

    /// <summary>
    /// The API server's address (<c>-kube-api-url</c>), which may have a path. It goes before the one in <see cref="KubeconfigFile"/>; alone,
    /// requests are sent without credentials.
    /// </summary>
    /// <value><c>http://</c> or <c>https://</c> and a host. Default <see langword="null"/>: the kubeconfig's, or the one that a pod is told.</value>
    public Uri? ApiServer { get; set; }

    /// <summary>
    /// A kubeconfig (<c>-kubeconfig-file</c>). Paths in it are relative to its folder. It and the files that it names are read again each minute and
    /// whenever the server refuses the credentials. Neither the variable <c>KUBECONFIG</c> nor the home directory is looked at.
    /// </summary>
    /// <value>Default <see langword="null"/>: without <see cref="ApiServer"/> too, the service account of the pod that this process runs in.</value>
    public string? KubeconfigFile { get; set; }

    /// <summary>The context of the kubeconfig to use.</summary>
    /// <value>Default <see langword="null"/>: its <c>current-context</c>.</value>
    public string? Context { get; set; }

    /// <summary>The Node that this host is (<c>NODE_NAME</c>).</summary>
    /// <value>Default <see langword="null"/>: the variable <c>NODE_NAME</c>, else the Node of the pod that the next two name.</value>
    public string? NodeName { get; set; }

    /// <summary>The pod that this process runs in (<c>POD_NAME</c>), asked for its Node if there is no <see cref="NodeName"/>.</summary>
    /// <value>Default <see langword="null"/>: the variable <c>POD_NAME</c>.</value>
    public string? PodName { get; set; }

    /// <summary>The namespace of <see cref="PodName"/> (<c>POD_NAMESPACE</c>).</summary>
    /// <value>Default <see langword="null"/>: the variable <c>POD_NAMESPACE</c>.</value>
    public string? PodNamespace { get; set; }

    /// <summary>
    /// What the annotations' names begin with (<c>-kube-annotation-prefix</c>): a domain in lower case, or a domain, a slash and the beginning of a
    /// name. All nodes of a network have the same.
    /// </summary>
    /// <value>Default <see cref="DefaultAnnotationPrefix"/>.</value>
    [Required]
    public string AnnotationPrefix { get; set; } = DefaultAnnotationPrefix;

    /// <summary>
    /// The file with the network configuration (<c>-net-config-path</c>), read again when it changes. Not used with <see cref="ConfigMap"/>.
    /// </summary>
    /// <value>Default <see cref="DefaultConfigFile"/>.</value>
    [Required]
    public string ConfigFile { get; set; } = DefaultConfigFile;

    /// <summary>
    /// The ConfigMap with the network configuration, as <c>namespace/name</c>, read from the API and watched instead of a file. The role needs get,
    /// list and watch of configmaps in that namespace.
    /// </summary>
    /// <value>Default <see langword="null"/>: <see cref="ConfigFile"/>.</value>
    public string? ConfigMap { get; set; }

    /// <summary>The key of <see cref="ConfigMap"/> that holds the document.</summary>
    /// <value>Default <see cref="DefaultConfigMapKey"/>.</value>
    [Required]
    public string ConfigMapKey { get; set; } = DefaultConfigMapKey;

    /// <summary>
    /// Whether the Node's condition NetworkUnavailable is set to False once the first peers have been told (<c>-set-node-network-unavailable</c>),
    /// so that pods are scheduled there.
    /// </summary>
    /// <value>Default <see langword="true"/>.</value>
    public bool SetNodeNetworkUnavailable { get; set; } = true;

    /// <summary>How long the API server may take to answer, or be silent in the middle of an answer.</summary>
    /// <value>1 s to 5 min. Default 30 s.</value>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Sends requests through a handler of the host program, with its credentials, certificates and proxy. <see cref="ApiServer"/> must say where to
    /// send them, and no kubeconfig may be given.
    /// </summary>
    /// <param name="handler">The handler, which is not disposed; <see langword="null"/> for connections of the store's own, the default.</param>
    public void SetHttpHandler(HttpMessageHandler? handler) => _httpHandler = handler;

    /// <summary>
    /// What sends requests instead of the store's own connections. No property: what binds options to configuration would not know what to do with
    /// it.
    /// </summary>
    internal HttpMessageHandler? GetHttpHandler() => _httpHandler;
}

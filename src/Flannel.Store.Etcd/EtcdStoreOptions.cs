using System.ComponentModel.DataAnnotations;

namespace Flannel;

/// <summary>Where etcd is, how to get in, and where in it the network is kept. The names in parentheses are flannel's flags.</summary>
public sealed class EtcdStoreOptions
{
    /// <summary>The endpoint used when none is given.</summary>
    public const string DefaultEndpoint = "http://127.0.0.1:2379";

    /// <summary>
    /// The addresses of the cluster's members (<c>-etcd-endpoints</c>). Each node tries them in an order of its own and stays with one that works.
    /// </summary>
    /// <value>
    /// <c>http://</c> or <c>https://</c>, host and port, one address each. Blanks around them and blank entries do not count. Empty, the default,
    /// means <see cref="DefaultEndpoint"/>.
    /// </value>
    public IReadOnlyList<string> Endpoints { get; set; } = [];

    /// <summary>
    /// Below which key the network is kept (<c>-etcd-prefix</c>): its configuration at <c>config</c>, its leases below <c>subnets/</c>. Double and
    /// trailing slashes do not count.
    /// </summary>
    /// <value>Default <c>/coreos.com/network</c>, flannel's.</value>
    [Required]
    public string Prefix { get; set; } = "/coreos.com/network";

    /// <summary>The user to log in as (<c>-etcd-username</c>), for an etcd that has authentication enabled.</summary>
    /// <value>Default <see langword="null"/>: nobody in particular, or whom the certificate names.</value>
    public string? Username { get; set; }

    /// <summary>The user's password (<c>-etcd-password</c>). It is sent to etcd and shown nowhere.</summary>
    public string? Password { get; set; }

    /// <summary>Whether the password may be sent over connections that anyone on the way can read.</summary>
    /// <value>Default <see langword="false"/>: a password demands <c>https</c> endpoints.</value>
    public bool AllowInsecureCredentials { get; set; }

    /// <summary>
    /// A PEM file with the certificates of the authorities that may vouch for the servers (<c>-etcd-cafile</c>): roots, issuing authorities below
    /// them, or the servers' own certificates. Alone it is enough for <c>https</c>.
    /// This and the next two files are read again when they change.
    /// </summary>
    /// <value>Default <see langword="null"/>: the authorities that the system trusts.</value>
    public string? CaFile { get; set; }

    /// <summary>
    /// A PEM file with this node's own certificate, for servers that demand one (<c>-etcd-certfile</c>). Its key is an ECDSA or RSA key: .NET cannot
    /// use others, such as Ed25519, to log in. Servers may have any.
    /// </summary>
    public string? CertificateFile { get; set; }

    /// <summary>A PEM file with the key of <see cref="CertificateFile"/>, not encrypted (<c>-etcd-keyfile</c>).</summary>
    public string? KeyFile { get; set; }

    /// <summary>
    /// How long one endpoint may take to answer before the next one is asked. One that has never answered gets less at first, so that wrong addresses are
    /// reported within 3 s.
    /// </summary>
    /// <value>100 ms to 60 s. Default 5 s.</value>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How leases are renewed.</summary>
    /// <value>Default <see cref="EtcdRenewal.KeepAlive"/>.</value>
    [EnumDataType(typeof(EtcdRenewal))]
    public EtcdRenewal Renewal { get; set; }

    internal IReadOnlyList<string> EffectiveEndpoints => Endpoints.Count > 0
        ? [.. Endpoints.Where(static endpoint => !string.IsNullOrWhiteSpace(endpoint)).Select(static endpoint => endpoint.Trim())]
        : [DefaultEndpoint];
}

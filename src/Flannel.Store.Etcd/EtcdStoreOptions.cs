using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography.X509Certificates;
using Flannel.Store.Etcd.Security;

namespace Flannel;

/// <summary>Where etcd is, how to get in, and where in it the network is kept. The names in parentheses are flannel's flags.</summary>
/// <remarks>
/// They are read when the network is made; to change them, remove the network and create it again, or restart the program. The contents of
/// certificate files are followed. Networks of a process share one set of connections if all of this is the same but <see cref="Prefix"/> and
/// <see cref="Renewal"/>.
/// </remarks>
public sealed class EtcdStoreOptions
{
    /// <summary>The endpoint used when none is given.</summary>
    public const string DefaultEndpoint = "http://127.0.0.1:2379";

    // Not properties: whatever binds options to configuration would try to bind them.
    private TlsObjects _objects = TlsObjects.None;

    /// <summary>
    /// The addresses of the cluster's members (<c>-etcd-endpoints</c>). Each node tries them in its own order and stays with one that works.
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
    /// How long one endpoint may take to answer before the next one is asked. One that has never answered gets less at first, so that wrong addresses
    /// are reported within 3 s.
    /// </summary>
    /// <value>100 ms to 60 s. Default 5 s.</value>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How leases are renewed.</summary>
    /// <value>Default <see cref="EtcdRenewal.KeepAlive"/>.</value>
    [EnumDataType(typeof(EtcdRenewal))]
    public EtcdRenewal Renewal { get; set; }

    /// <summary>
    /// Trusts servers that these certificates vouch for, for programs that have them already; instead of <see cref="CaFile"/>. Not bound from
    /// configuration.
    /// </summary>
    /// <param name="authorities">
    /// Roots, issuing authorities below them, or the servers' own certificates; at least one. They must not change any more.
    /// </param>
    public void TrustAuthorities(X509Certificate2Collection authorities)
    {
        ArgumentNullException.ThrowIfNull(authorities);
        _objects = _objects with { Authorities = authorities };
    }

    /// <summary>
    /// Shows servers that ask for one this certificate, for programs that have it already; instead of <see cref="CertificateFile"/> and
    /// <see cref="KeyFile"/>. Files are followed when they change, this is not. Not bound from configuration.
    /// </summary>
    /// <param name="certificate">
    /// The certificate with its private key, an ECDSA or RSA key. Whoever made it disposes of it, after the network.
    /// </param>
    /// <param name="intermediates">
    /// The certificates between it and its authority, which are sent with it; <see langword="null"/> if there are none.
    /// </param>
    public void UseCertificate(X509Certificate2 certificate, X509Certificate2Collection? intermediates = null)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        _objects = _objects with { Certificate = certificate, Intermediates = intermediates };
    }

    /// <summary>
    /// Changes the handler of each connection, after everything else was set: its <see cref="SocketsHttpHandler.SslOptions"/>, a proxy, a
    /// <see cref="SocketsHttpHandler.ConnectCallback"/>. Called again it adds to what was set. Networks share connections only if they change it by
    /// the same method of the same object. Not bound from configuration.
    /// </summary>
    /// <param name="configure">Changes the handler. Called once for each connection, and never in parallel for one of them.</param>
    public void ConfigureHandler(Action<SocketsHttpHandler> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        _objects = _objects with { HandlerSettings = _objects.HandlerSettings + configure };
    }

    /// <summary>What was given instead of files.</summary>
    internal TlsObjects GetObjects() => _objects;

    internal IReadOnlyList<string> EffectiveEndpoints => Endpoints.Count > 0
        ? [.. Endpoints.Where(static endpoint => !string.IsNullOrWhiteSpace(endpoint)).Select(static endpoint => endpoint.Trim())]
        : [DefaultEndpoint];
}

using System.Security.Cryptography.X509Certificates;

namespace Flannel.Store.Etcd.Security;

/// <summary>What an application has given instead of naming files.</summary>
/// <param name="Authorities">The certificates of the authorities to trust, or <see langword="null"/>.</param>
/// <param name="Certificate">The own certificate with its key, or <see langword="null"/>.</param>
/// <param name="Intermediates">Those between it and its authority, or <see langword="null"/>.</param>
/// <param name="HandlerSettings">Changes the handler of each connection, or <see langword="null"/>.</param>
internal sealed record TlsObjects(
    X509Certificate2Collection? Authorities = null,
    X509Certificate2? Certificate = null,
    X509Certificate2Collection? Intermediates = null,
    Action<SocketsHttpHandler>? HandlerSettings = null)
{
    public static TlsObjects None { get; } = new();

    public bool HasCertificates => Authorities is not null || Certificate is not null;
}

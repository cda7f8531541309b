using System.Security.Authentication;
using Flannel.Extensibility;

namespace Flannel.Store.Etcd.Security;

/// <summary>Whom to trust and who to be.</summary>
internal sealed class TlsIdentity
{
    private const string Advice = "name a file with the authority's certificate in CaFile (-etcd-cafile)";

    /// <summary>Trusts what the system trusts, and is nobody in particular.</summary>
    public static readonly TlsIdentity Default = new(NewCheck(null), null);

    private readonly ServerCertificateCheck _check;
    private readonly ClientCertificate? _certificate;

    private TlsIdentity(ServerCertificateCheck check, ClientCertificate? certificate) => (_check, _certificate) = (check, certificate);

    /// <summary>Decodes files.</summary>
    /// <param name="authorities">The certificates of the authorities to trust, or <see langword="null"/> for the system's.</param>
    /// <param name="certificate">The own certificate with those between it and the authority, or <see langword="null"/> for none.</param>
    /// <param name="key">The own certificate's key.</param>
    /// <exception cref="InvalidDataException">A file holds something else, or the key is not the certificate's.</exception>
    public static TlsIdentity Read(PemFile? authorities, PemFile? certificate, PemFile? key) => new(
        NewCheck(authorities),
        certificate is not null && key is not null ? ClientCertificate.Read(certificate, key) : null);

    /// <summary>Takes certificates as they are.</summary>
    public static TlsIdentity Of(TlsObjects objects) => new(
        new ServerCertificateCheck(objects.Authorities, $"{nameof(EtcdStoreOptions.TrustAuthorities)}()", Advice),
        objects.Certificate is null
            ? null
            : ClientCertificate.Of(objects.Certificate, objects.Intermediates, $"{nameof(EtcdStoreOptions.UseCertificate)}()"));

    private static ServerCertificateCheck NewCheck(PemFile? authorities) => new(
        authorities?.ReadCertificates(), authorities?.Name ?? "", Advice);

    /// <summary>Makes connections use this identity.</summary>
    /// <returns>What to send requests through.</returns>
    public HttpMessageHandler ApplyTo(SocketsHttpHandler handler)
    {
        // Neither flannel nor etcd takes older versions.
        handler.SslOptions.EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
        handler.SslOptions.ClientCertificateContext = _certificate?.Context;
        _check.ApplyTo(handler.SslOptions);
        return new TlsVerdictHandler(handler, _certificate?.Description);
    }
}

using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Flannel.Store.Etcd.Security;

/// <summary>Whom to trust and who to be, as read from files.</summary>
internal sealed class TlsIdentity
{
    private readonly X509Certificate2Collection? _authorities;
    private readonly SslStreamCertificateContext? _certificate;

    private TlsIdentity(X509Certificate2Collection? authorities, SslStreamCertificateContext? certificate) =>
        (_authorities, _certificate) = (authorities, certificate);

    /// <summary>Decodes PEM texts.</summary>
    /// <param name="authorities">The certificates of the authorities to trust, or <see langword="null"/> for the system's.</param>
    /// <param name="certificate">The own certificate, followed by those between it and the authority, or <see langword="null"/> for none.</param>
    /// <param name="key">The own certificate's key.</param>
    /// <exception cref="CryptographicException">A text holds something else, or the key is not the certificate's.</exception>
    public static TlsIdentity Read(string? authorities, string? certificate, string? key)
    {
        X509Certificate2Collection? trusted = null;
        if (authorities is not null)
        {
            trusted = [];
            trusted.ImportFromPem(authorities);
            if (trusted.Count == 0)
                throw new CryptographicException("the file of authorities holds no certificate");
        }

        if (certificate is null || key is null)
            return new TlsIdentity(trusted, null);
        X509Certificate2Collection chain = [];
        chain.ImportFromPem(certificate);
        chain.RemoveAt(0);
        return new TlsIdentity(trusted, SslStreamCertificateContext.Create(X509Certificate2.CreateFromPem(certificate, key), chain, offline: true));
    }

    /// <summary>Makes connections use this identity.</summary>
    public void ApplyTo(SslClientAuthenticationOptions options)
    {
        // Neither flannel nor etcd takes older versions.
        options.EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
        options.ClientCertificateContext = _certificate;
        if (_authorities is null)
            return;
        options.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        options.CertificateChainPolicy.CustomTrustStore.AddRange(_authorities);
    }
}

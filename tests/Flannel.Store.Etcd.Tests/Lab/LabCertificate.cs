using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Flannel.Store.Etcd.Tests.Lab;

/// <summary>A certificate with its key, right or wrong in every way that a test wants.</summary>
internal sealed class LabCertificate
{
    public const string ServerAuthentication = "1.3.6.1.5.5.7.3.1", ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    private readonly ECDsa _key;
    private readonly X509Certificate2 _certificate;

    private LabCertificate(ECDsa key, X509Certificate2 certificate) => (_key, _certificate) = (key, certificate);

    public string Pem => _certificate.ExportCertificatePem() + "\n";

    public byte[] Der => _certificate.RawData;

    public string KeyPem => _key.ExportPkcs8PrivateKeyPem() + "\n";

    public string EcKeyPem => _key.ExportECPrivateKeyPem();

    public string EncryptedKeyPem =>
        _key.ExportEncryptedPkcs8PrivateKeyPem("secret", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000));

    public byte[] KeyDer => _key.ExportPkcs8PrivateKey();

    public static LabCertificate Root(string name, DateTimeOffset? until = null) => Make(name, null, isAuthority: true, until: until);

    public LabCertificate Authority(string name, DateTimeOffset? until = null, LabCertificate? sameKeyAs = null) =>
        Make(name, this, isAuthority: true, until: until, sameKeyAs: sameKeyAs);

    /// <summary>Issues a certificate for 127.0.0.1 or other names.</summary>
    public LabCertificate Issue(
        string name, DateTimeOffset? until = null, string[]? names = null, string[]? usages = null, byte[]? serial = null) =>
        Make(name, this, isAuthority: null, until, names ?? ["127.0.0.1"], usages ?? [ServerAuthentication, ClientAuthentication], serial: serial);

    /// <summary>Issues a certificate for somebody else's key; returns it in PEM.</summary>
    public string IssueFor(CertificateRequest request)
    {
        AddUsages(request, [ServerAuthentication, ClientAuthentication]);
        using X509Certificate2 certificate = request.Create(
            _certificate.SubjectName,
            X509SignatureGenerator.CreateForECDsa(_key),
            DateTimeOffset.UtcNow.AddDays(-10),
            DateTimeOffset.UtcNow.AddDays(10),
            RandomNumberGenerator.GetBytes(8));
        return certificate.ExportCertificatePem();
    }

    public static LabCertificate SelfSigned(string name) =>
        Make(name, null, isAuthority: null, null, ["127.0.0.1"], [ServerAuthentication, ClientAuthentication]);

    private static LabCertificate Make(
        string name,
        LabCertificate? issuer,
        bool? isAuthority,
        DateTimeOffset? until = null,
        string[]? names = null,
        string[]? usages = null,
        LabCertificate? sameKeyAs = null,
        byte[]? serial = null)
    {
        ECDsa key = sameKeyAs?._key ?? ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        if (isAuthority is { } authority)
        {
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(authority, false, 0, critical: true));
            request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        }

        if (names is not null)
        {
            var builder = new SubjectAlternativeNameBuilder();
            foreach (string text in names)
            {
                if (IPAddress.TryParse(text, out IPAddress? address))
                    builder.AddIpAddress(address);
                else
                    builder.AddDnsName(text);
            }

            request.CertificateExtensions.Add(builder.Build());
        }

        if (usages is not null)
            AddUsages(request, usages);
        X509Certificate2 certificate = request.Create(
            issuer?._certificate.SubjectName ?? request.SubjectName,
            X509SignatureGenerator.CreateForECDsa(issuer?._key ?? key),
            DateTimeOffset.UtcNow.AddDays(-10),
            until ?? DateTimeOffset.UtcNow.AddDays(10),
            serial ?? RandomNumberGenerator.GetBytes(8));
        return new LabCertificate(key, certificate);
    }

    private static void AddUsages(CertificateRequest request, string[] usages) =>
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([.. usages.Select(static usage => new Oid(usage))], critical: false));
}

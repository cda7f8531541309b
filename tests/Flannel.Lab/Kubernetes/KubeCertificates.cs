using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Flannel.Lab.Kubernetes;

/// <summary>A cluster's authority, and certificates that it has issued.</summary>
public sealed class KubeCertificates : IDisposable
{
    private const string ServerUsage = "1.3.6.1.5.5.7.3.1";
    private const string ClientUsage = "1.3.6.1.5.5.7.3.2";
    private static readonly DateTimeOffset From = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Until = new(2075, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private byte _serial;

    public KubeCertificates(string name = "lab-ca")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        Authority = request.CreateSelfSigned(From, Until);
    }

    public X509Certificate2 Authority { get; }

    public string AuthorityPem => Authority.ExportCertificatePem() + "\n";

    /// <summary>A server's: for 127.0.0.1 and the addresses given, or for the names given alone.</summary>
    public X509Certificate2 Server(params string[] names)
    {
        var other = new SubjectAlternativeNameBuilder();
        bool hasName = false;
        foreach (string name in names)
        {
            bool isAddress = IPAddress.TryParse(name, out IPAddress? address);
            hasName |= !isAddress;
            if (isAddress)
                other.AddIpAddress(address!);
            else
                other.AddDnsName(name);
        }

        if (!hasName)
            other.AddIpAddress(IPAddress.Loopback);
        return Issue("CN=kube-apiserver", ServerUsage, other);
    }

    /// <summary>A client's, as PEM texts.</summary>
    /// <param name="subject">Its user, or a whole name such as <c>O=group, CN=user</c>.</param>
    public (string Certificate, string Key) Client(string subject) =>
        Export(Issue(subject.Contains('=', StringComparison.Ordinal) ? subject : $"CN={subject}", ClientUsage, null));

    /// <summary>A certificate and its key as PEM texts.</summary>
    public static (string Certificate, string Key) Export(X509Certificate2 certificate)
    {
        using (certificate)
            return (certificate.ExportCertificatePem() + "\n", certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem() + "\n");
    }

    public void Dispose() => Authority.Dispose();

    private X509Certificate2 Issue(string subject, string usage, SubjectAlternativeNameBuilder? other)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        if (other is not null)
            request.CertificateExtensions.Add(other.Build());
        using X509Certificate2 issued = request.Create(Authority, From, Until, [1, ++_serial]);
        using X509Certificate2 joined = issued.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(joined.Export(X509ContentType.Pkcs12), null, X509KeyStorageFlags.Exportable);
    }
}

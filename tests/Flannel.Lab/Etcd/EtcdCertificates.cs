using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Flannel.Lab.Etcd;

/// <summary>
/// An authority with a certificate for servers on loopback and one for clients, as PEM files in a folder that goes when this is disposed.
/// </summary>
public sealed class EtcdCertificates : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("flannel-tls-");

    public EtcdCertificates() => Issue();

    public string Authority => PathOf("ca.pem");

    public string ServerCertificate => PathOf("server.pem");

    public string ServerKey => PathOf("server.key");

    public string ClientCertificate => PathOf("client.pem");

    public string ClientKey => PathOf("client.key");

    /// <summary>Replaces everything by certificates of a new authority, in place.</summary>
    public void Issue() => Issue(DateTimeOffset.UtcNow.AddDays(29));

    /// <summary>The same, by certificates whose time is over.</summary>
    public void IssueExpired() => Issue(DateTimeOffset.UtcNow.AddHours(-1));

    public void Dispose() => _folder.Delete(recursive: true);

    private void Issue(DateTimeOffset until)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN=authority {Guid.NewGuid():N}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        using X509Certificate2 authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        File.WriteAllText(Authority, authority.ExportCertificatePem());
        Issue(authority, until, "server", ServerCertificate, ServerKey);
        Issue(authority, until, "client", ClientCertificate, ClientKey);
    }

    private static void Issue(X509Certificate2 authority, DateTimeOffset until, string name, string certificateFile, string keyFile)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        // etcd's gateway is a client of its own server and shows the server's certificate.
        request.CertificateExtensions.Add(
            new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        using X509Certificate2 certificate =
            request.Create(authority, DateTimeOffset.UtcNow.AddDays(-1), until, RandomNumberGenerator.GetBytes(8));
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(certificateFile, certificate.ExportCertificatePem());
    }

    private string PathOf(string file) => Path.Combine(_folder.FullName, file);
}

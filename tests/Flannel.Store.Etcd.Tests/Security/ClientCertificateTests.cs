using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Flannel.Lab.Etcd;
using Flannel.Store.Etcd.Security;
using Flannel.Store.Etcd.Tests.Lab;

namespace Flannel.Store.Etcd.Tests.Security;

/// <summary>
/// The certificate that a node shows: the ways in which its files are written, and how it is told that it needs one or has the wrong one.
/// </summary>
public sealed class ClientCertificateTests(TlsFixture tls) : IClassFixture<TlsFixture>
{
    // Made with openssl, because .NET makes no such keys.
    private const string Ed25519Certificate =
        """
        -----BEGIN CERTIFICATE-----
        MIIBLjCB4aADAgECAgECMAUGAytlcDAcMRowGAYDVQQDDBFFZDI1NTE5IGF1dGhv
        cml0eTAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowDzENMAsGA1UE
        AwwEZXRjZDAqMAUGAytlcAMhAGU25xDf8e7Aq0e+8t2wN6ynY2+sW+7ofxiCP96R
        72/Mo1MwUTAPBgNVHREECDAGhwR/AAABMB0GA1UdDgQWBBRw+hh9XAcTBhPlsZa7
        Qk2oNKpTuDAfBgNVHSMEGDAWgBTL8tkQCbULp+6zDnYp7MMP9jJiPzAFBgMrZXAD
        QQArM3Mh20ZNcqphwr+wNPn4ZAVjmjLeBsoXzyprdBp3HwgEoh0cZ7s4l/m05uVK
        XVGZbRnvFHXQFkReLbBEqoQF
        -----END CERTIFICATE-----
        """;

    private const string Ed25519Key =
        """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIKGHiSnKAQaZjiiifxPVO5DcXod0tbTmxtD6f+/pWRX2
        -----END PRIVATE KEY-----
        """;

    private static readonly LabCertificate Root = LabCertificate.Root("root");
    private static readonly LabCertificate Issuing = Root.Authority("issuing");
    private static readonly LabCertificate Own = Issuing.Issue("node-1");
    private static readonly LabCertificate Other = Issuing.Issue("node-2");
    private static readonly (string Certificate, string Pkcs1, string Pkcs8, string Encrypted) OwnRsa = MakeRsa();

    /// <summary>The certificate file and the key file.</summary>
    private static readonly Dictionary<string, (string Certificate, string Key)> Good = new()
    {
        ["PKCS #8"] = (Own.Pem, Own.KeyPem),
        ["EC"] = (Own.Pem, Own.EcKeyPem),
        ["EC, after its parameters"] = (Own.Pem, "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + Own.EcKeyPem),
        ["RSA, PKCS #1"] = (OwnRsa.Certificate, OwnRsa.Pkcs1),
        ["RSA, PKCS #8"] = (OwnRsa.Certificate, OwnRsa.Pkcs8),
        ["with its chain"] = (Own.Pem + Issuing.Pem + Root.Pem, Own.KeyPem),
        ["chain in the wrong order"] = (Root.Pem + Issuing.Pem + Own.Pem, Own.KeyPem),
        ["both in one file"] = (Own.Pem + Own.KeyPem, Own.Pem + Own.KeyPem),
        ["key first in one file"] = (Own.KeyPem + Own.Pem, Own.KeyPem + Own.Pem),
        ["text and Windows' line ends around"] = (
            $"Bag Attributes\n{Own.Pem}".ReplaceLineEndings("\r\n"), $"\n\nKey Attributes: <No Attributes>\n{Own.KeyPem}".ReplaceLineEndings("\r\n")),
        ["two keys"] = (Own.Pem, Other.KeyPem + Own.KeyPem),
    };

    /// <summary>The certificate file, the key file, and words of what is said.</summary>
    private static readonly Dictionary<string, (byte[] Certificate, byte[] Key, string[] Words)> Bad = new()
    {
        ["swapped"] = (
            Bytes(Own.KeyPem), Bytes(Own.Pem), ["CertificateFile (-etcd-certfile) ", "cert.pem and KeyFile (-etcd-keyfile) ", "key.pem are swapped"]),
        ["swapped, with an encrypted key"] = (Bytes(Own.EncryptedKeyPem), Bytes(Own.Pem), ["are swapped"]),
        ["key of another certificate"] = (Bytes(Own.Pem), Bytes(Other.KeyPem), ["key.pem belongs to another certificate than CN=node-1 in "]),
        ["key of another kind"] = (Bytes(Own.Pem), Bytes(OwnRsa.Pkcs8), ["belongs to another certificate"]),
        ["the certificate twice"] = (Bytes(Own.Pem), Bytes(Own.Pem), ["key.pem holds a certificate and no private key"]),
        ["the key twice"] = (Bytes(Own.KeyPem), Bytes(Own.KeyPem), ["cert.pem holds a private key and no certificate"]),
        ["encrypted key"] = (Bytes(Own.Pem), Bytes(Own.EncryptedKeyPem), ["key.pem is encrypted", "openssl pkey"]),
        ["key encrypted in the older way"] = (Bytes(OwnRsa.Certificate), Bytes(OwnRsa.Encrypted), ["key.pem is encrypted"]),
        ["certificate in DER"] = (Own.Der, Bytes(Own.KeyPem), ["cert.pem is binary", "openssl x509 -inform der"]),
        ["key in DER"] = (Bytes(Own.Pem), Own.KeyDer, ["key.pem is binary", "openssl pkey -inform der"]),
        ["empty certificate"] = ([], Bytes(Own.KeyPem), ["cert.pem is empty"]),
        ["blank key"] = (Bytes(Own.Pem), Bytes(" \n"), ["key.pem is empty"]),
        ["something else"] = (Bytes("hello"), Bytes(Own.KeyPem), ["cert.pem is not PEM", "-----BEGIN CERTIFICATE-----"]),
        ["something else in PEM"] = (
            Bytes("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----"), Bytes(Own.KeyPem), ["holds X509 CRL and no certificate"]),
        ["cut off"] = (Bytes(Own.Pem[..200]), Bytes(Own.KeyPem), ["cert.pem is damaged or cut off"]),
        ["damaged certificate"] = (
            Bytes("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"),
            Bytes(Own.KeyPem),
            ["certificate 1 of CertificateFile", "is damaged"]),
        ["damaged key"] = (Bytes(Own.Pem), Bytes("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"), ["key.pem is damaged"]),
        ["Ed25519"] = (Bytes(Ed25519Certificate), Bytes(Ed25519Key), ["cert.pem is an Ed25519 key, which .NET cannot use", "ECDSA (P-256) or RSA"]),
    };

    public static TheoryData<string> Usable => [.. Good.Keys];

    public static TheoryData<string> Unusable => [.. Bad.Keys];

    [SkippableTheory]
    [MemberData(nameof(Usable))]
    public async Task Files_InEveryUsualForm_LogIn(string what)
    {
        EtcdServer server = await tls.GetDemandingAsync(Root.Pem + Issuing.Pem);
        (string certificate, string key) = Good[what];
        (string certificateFile, string keyFile) = (tls.Write("cert.pem", certificate), tls.Write("key.pem", key));

        string problem = await AskAsync(server, certificateFile, keyFile);

        Assert.True(problem.Length == 0, problem);
    }

    [Theory]
    [MemberData(nameof(Unusable))]
    public async Task Files_HoldSomethingElse_SaysWhich(string what)
    {
        (byte[] certificate, byte[] key, string[] words) = Bad[what];
        (string certificateFile, string keyFile) = (tls.Write("cert.pem", certificate), tls.Write("key.pem", key));

        string problem = await TlsFixture.AskAsync(options =>
            (options.Endpoints, options.CertificateFile, options.KeyFile) = (["https://127.0.0.1:1"], certificateFile, keyFile));

        Assert.All(words, word => Assert.True(problem.Contains(word, StringComparison.Ordinal), problem));
    }

    [Fact]
    public async Task Authorities_HoldSomethingElse_SaysSo()
    {
        string folder = Path.GetDirectoryName(tls.Write("x", ""))!;

        Assert.Contains("ca.pem is empty", await AskAsync(tls.Write("ca.pem", "")), StringComparison.Ordinal);
        Assert.Contains("ca.pem is binary", await AskAsync(tls.Write("ca.pem", Root.Der)), StringComparison.Ordinal);
        Assert.Contains("ca.pem holds a private key and no certificate", await AskAsync(tls.Write("ca.pem", Root.KeyPem)), StringComparison.Ordinal);
        Assert.Contains($"CaFile (-etcd-cafile) {folder} is a directory", await AskAsync(folder), StringComparison.Ordinal);
        Assert.Contains("/nowhere/ca.pem does not exist", await AskAsync("/nowhere/ca.pem"), StringComparison.Ordinal);
        Assert.Contains("/dev/zero is a pipe, a device or a socket", await AskAsync("/dev/zero"), StringComparison.Ordinal);
        Assert.Contains("holds more than 4 MiB", await AskAsync(tls.Write("ca.pem", new string('-', (4 << 20) + 1))), StringComparison.Ordinal);

        static Task<string> AskAsync(string file) =>
            TlsFixture.AskAsync(options => (options.Endpoints, options.CaFile) = (["https://127.0.0.1:1"], file));
    }

    [SkippableFact]
    public async Task None_ServerDemandsOne_NamesTheOptions()
    {
        EtcdServer server = await tls.GetDemandingAsync(Root.Pem + Issuing.Pem);

        for (int i = 0; i < 20; i++)
        {
            string problem = await AskAsync(server, null, null);
            Assert.Contains(
                $"{server.Endpoints[0]}: TLS failed: the server demands a client certificate and was shown none (TLS alert ",
                problem,
                StringComparison.Ordinal);
            Assert.Contains("set CertificateFile and KeyFile (-etcd-certfile, -etcd-keyfile)", problem, StringComparison.Ordinal);
        }
    }

    [SkippableFact]
    public async Task Shown_ServerRefusesIt_SaysWhichAndWhatTlsSaid()
    {
        LabCertificate stranger = LabCertificate.Root("stranger").Issue("node-1");
        LabCertificate expired = Issuing.Issue("node-1", DateTimeOffset.UtcNow.AddDays(-1));
        LabCertificate serverOnly = Issuing.Issue("node-1", usages: [LabCertificate.ServerAuthentication]);
        EtcdServer server = await tls.GetDemandingAsync(Root.Pem + Issuing.Pem);

        foreach (LabCertificate certificate in (LabCertificate[])[stranger, expired, serverOnly])
        {
            (string certificateFile, string keyFile) = (tls.Write("cert.pem", certificate.Pem), tls.Write("key.pem", certificate.KeyPem));
            for (int i = 0; i < 20; i++)
            {
                string problem = await AskAsync(server, certificateFile, keyFile);
                Assert.Contains(
                    $"TLS failed: the server refused the client certificate CN=node-1 in CertificateFile (-etcd-certfile) {certificateFile}",
                    problem,
                    StringComparison.Ordinal);
                Assert.Contains("TLS alert 42, bad certificate", problem, StringComparison.Ordinal);
            }
        }
    }

    [SkippableFact]
    public async Task None_OverTls12_TheHandshakeSaysIt()
    {
        EtcdServer server = await tls.GetDemandingAsync(Root.Pem + Issuing.Pem);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, new Uri(server.Endpoints[0]).Port);
        await using var stream = new SslStream(client.GetStream());
        var options = new SslClientAuthenticationOptions
        {
            EnabledSslProtocols = SslProtocols.Tls12,
            RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null,
            TargetHost = "127.0.0.1",
        };

        Exception error = await Assert.ThrowsAnyAsync<AuthenticationException>(() => stream.AuthenticateAsClientAsync(options));

        Assert.Equal(42, TlsFailure.FindAlert(error));
        Assert.StartsWith(
            "the server demands a client certificate, or refused the one it was shown (TLS alert 42, bad certificate)",
            TlsFailure.Describe(error),
            StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Shown_ServerStopsToAcceptIt_TheWatchAndTheNextCallSayWhy()
    {
        EtcdServer server = await tls.GetDemandingAsync(Root.Pem + Issuing.Pem);
        (string certificateFile, string keyFile) = (tls.Write("cert.pem", Own.Pem), tls.Write("key.pem", Own.KeyPem));
        await using EtcdLeaseStore store = LabStore.Open(options => Present(options, server, certificateFile, keyFile), TimeSpan.FromSeconds(1));
        await store.ListAsync(null, CancellationToken.None);

        await tls.GetDemandingAsync(LabCertificate.Root("new root").Pem);

        StoreException error = await UntilRefusedAsync(store);
        Assert.Equal(StoreErrorKind.Tls, error.Kind);
        Assert.Contains("the server refused the client certificate CN=node-1", error.Message, StringComparison.Ordinal);
    }

    private static async Task<StoreException> UntilRefusedAsync(EtcdLeaseStore store)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            StoreException error = await Assert.ThrowsAnyAsync<StoreException>(() => store.ListAsync(null, limit.Token));
            if (error.Message.Contains("TLS failed", StringComparison.Ordinal) || limit.IsCancellationRequested)
                return error;
        }
    }

    private Task<string> AskAsync(EtcdServer server, string? certificateFile, string? keyFile) =>
        TlsFixture.AskAsync(options => Present(options, server, certificateFile, keyFile));

    private void Present(EtcdStoreOptions options, EtcdServer server, string? certificateFile, string? keyFile)
    {
        options.Endpoints = server.Endpoints;
        options.CaFile = tls.ServerAuthority;
        options.CertificateFile = certificateFile;
        options.KeyFile = keyFile;
    }

    private static byte[] Bytes(string text) => System.Text.Encoding.UTF8.GetBytes(text);

    private static (string Certificate, string Pkcs1, string Pkcs8, string Encrypted) MakeRsa()
    {
        using RSA key = RSA.Create(2048);
        string certificate = Issuing.IssueFor(new CertificateRequest("CN=node-rsa", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        string encrypted = key.ExportRSAPrivateKeyPem().Replace(
            "PRIVATE KEY-----\n",
            "PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEEFF\n\n",
            StringComparison.Ordinal);
        return (certificate, key.ExportRSAPrivateKeyPem(), key.ExportPkcs8PrivateKeyPem(), encrypted);
    }
}

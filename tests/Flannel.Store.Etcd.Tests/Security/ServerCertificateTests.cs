using Flannel.Lab.Etcd;
using Flannel.Store.Etcd.Tests.Lab;

namespace Flannel.Store.Etcd.Tests.Security;

/// <summary>Whom a node trusts, as a client written in Go does with the same files, and what it says when it does not. Against a real etcd.</summary>
public sealed class ServerCertificateTests(TlsFixture tls) : IClassFixture<TlsFixture>
{
    // Made with openssl, valid from 2020 to 2120, because .NET makes no such keys: an authority and a server on 127.0.0.1.
    private const string Ed25519Authority =
        """
        -----BEGIN CERTIFICATE-----
        MIIBKjCB3aADAgECAgEBMAUGAytlcDAcMRowGAYDVQQDDBFFZDI1NTE5IGF1dGhv
        cml0eTAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowHDEaMBgGA1UE
        AwwRRWQyNTUxOSBhdXRob3JpdHkwKjAFBgMrZXADIQC9k9MmHl8mZK+KLrzhvlZj
        smZvrnbKrNhZ/t6OfbA5RqNCMEAwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8E
        BAMCAgQwHQYDVR0OBBYEFMvy2RAJtQun7rMOdinsww/2MmI/MAUGAytlcANBALY6
        k5M9jff2WVRKdoEcUX0J8hQi1srvOpygbWDAnK5qC2htBFfGiniNzJc4EaLOruPk
        WAVmQ72l1izzrgJuSgI=
        -----END CERTIFICATE-----
        """;

    private const string Ed25519Server =
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

    private const string Ed25519ServerKey =
        """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIKGHiSnKAQaZjiiifxPVO5DcXod0tbTmxtD6f+/pWRX2
        -----END PRIVATE KEY-----
        """;

    private static readonly DateTimeOffset Yesterday = DateTimeOffset.UtcNow.AddDays(-1);
    private static readonly LabCertificate Root = LabCertificate.Root("root");
    private static readonly LabCertificate Issuing = Root.Authority("issuing");
    private static readonly LabCertificate Server = Issuing.Issue("etcd");

    // Another authority, with the same names and other keys.
    private static readonly LabCertificate OtherRoot = LabCertificate.Root("root");
    private static readonly LabCertificate OtherIssuing = OtherRoot.Authority("issuing");

    private static readonly LabCertificate ExpiredRoot = LabCertificate.Root("old root", Yesterday);
    private static readonly LabCertificate CrossSigned = OtherRoot.Authority("issuing", sameKeyAs: Issuing);

    private static readonly LabCertificate SelfSigned = LabCertificate.SelfSigned("alone");
    private static readonly LabCertificate ExpiredIssuing = ExpiredRoot.Authority("issuing");
    private static readonly LabCertificate BelowExpired = ExpiredIssuing.Issue("etcd");

    /// <summary>Files of authorities: what etcd shows to them, and its key.</summary>
    private static readonly Dictionary<string, (string Shown, string Key, string Authorities)> Good = new()
    {
        ["root"] = (Server.Pem + Issuing.Pem, Server.KeyPem, Root.Pem),
        ["root, which is shown too"] = (Server.Pem + Issuing.Pem + Root.Pem, Server.KeyPem, Root.Pem),
        ["root and issuing, leaf alone shown"] = (Server.Pem, Server.KeyPem, Root.Pem + Issuing.Pem),
        ["issuing"] = (Server.Pem + Issuing.Pem, Server.KeyPem, Issuing.Pem),
        ["issuing, leaf alone shown"] = (Server.Pem, Server.KeyPem, Issuing.Pem),
        ["issuing, whole chain shown"] = (Server.Pem + Issuing.Pem + Root.Pem, Server.KeyPem, Issuing.Pem),
        ["issuing among others"] = (
            Server.Pem + Issuing.Pem, Server.KeyPem, LabCertificate.Root("a").Pem + Issuing.Pem + LabCertificate.Root("b").Pem),
        ["issuing, after a namesake"] = (Server.Pem + Issuing.Pem, Server.KeyPem, OtherIssuing.Pem + Issuing.Pem),
        ["issuing, before a namesake"] = (Server.Pem, Server.KeyPem, Issuing.Pem + OtherIssuing.Pem),
        ["root, after a namesake"] = (Server.Pem + Issuing.Pem, Server.KeyPem, OtherRoot.Pem + Root.Pem),
        ["the leaf itself"] = (Server.Pem + Issuing.Pem, Server.KeyPem, Server.Pem),
        ["the leaf itself, shown alone"] = (Server.Pem, Server.KeyPem, Server.Pem),
        ["the leaf, signed by itself"] = (SelfSigned.Pem, SelfSigned.KeyPem, SelfSigned.Pem),
        ["issuing, and a cross-signed one is shown"] = (Server.Pem + CrossSigned.Pem, Server.KeyPem, Issuing.Pem),
        ["the cross-signed one, and issuing is shown"] = (Server.Pem + Issuing.Pem + Root.Pem, Server.KeyPem, CrossSigned.Pem),
        ["the other root, by way of the cross-signed one"] = (Server.Pem + CrossSigned.Pem, Server.KeyPem, OtherRoot.Pem),
        ["issuing below an expired root"] = (BelowExpired.Pem + ExpiredIssuing.Pem + ExpiredRoot.Pem, BelowExpired.KeyPem, ExpiredIssuing.Pem),
        ["an expired one and a good one"] = (
            Server.Pem + Issuing.Pem, Server.KeyPem, Root.Authority("issuing", Yesterday, Issuing).Pem + Issuing.Pem),
        ["text, blanks and Windows' line ends around"] = (
            Server.Pem + Issuing.Pem,
            Server.KeyPem,
            $"\uFEFF# etcd\n\n\n{Issuing.Pem}\n\n subject=CN = root\n{Root.Pem}\n# end".ReplaceLineEndings("\r\n")),
        ["a key and parameters beside"] = (Server.Pem + Issuing.Pem, Server.KeyPem, Server.KeyPem + Issuing.Pem),
        ["Ed25519"] = (Ed25519Server, Ed25519ServerKey, Ed25519Authority),
        ["Ed25519, pinned"] = (Ed25519Server, Ed25519ServerKey, Ed25519Server),
    };

    public static TheoryData<string> Trusted => [.. Good.Keys];

    [SkippableTheory]
    [MemberData(nameof(Trusted))]
    public async Task Chain_EndsInAGivenCertificate_IsTrusted(string what)
    {
        (string shown, string key, string authorities) = Good[what];
        EtcdServer server = await tls.GetAsync();
        tls.Serve(shown, key);

        string problem = await AskAsync(server, authorities);

        Assert.True(problem.Length == 0, problem);
    }

    private static readonly LabCertificate Forged = OtherIssuing.Issue("etcd");
    private static readonly LabCertificate Expired = Issuing.Issue("etcd", Yesterday);
    private static readonly LabCertificate IssuingExpired = Root.Authority("issuing", Yesterday, Issuing);
    private static readonly LabCertificate NoAuthority = Root.Issue("web server");
    private static readonly LabCertificate BelowNoAuthority = NoAuthority.Issue("etcd");
    private static readonly LabCertificate Elsewhere = Issuing.Issue("etcd", names: ["etcd-1", "*.example.org", "10.0.0.7"]);
    private static readonly LabCertificate ForClients = Issuing.Issue("etcd", usages: [LabCertificate.ClientAuthentication]);
    private static readonly LabCertificate Original = Issuing.Issue("etcd", serial: [7]);
    private static readonly LabCertificate Twin = OtherIssuing.Issue("etcd", serial: [7]);
    private static readonly LabCertificate Hostile = LabCertificate.SelfSigned("\u202Eevil\u2028" + new string('x', 40));

    /// <summary>What etcd shows, its key, the authorities' file, and words of what is said then.</summary>
    private static readonly Dictionary<string, (string Shown, string Key, string Authorities, string[] Words)> Bad = new()
    {
        ["a namesake of the authority, alone"] = (
            Forged.Pem, Forged.KeyPem, Issuing.Pem, ["CN=etcd was issued by CN=issuing", "not among the 1 certificates in CaFile " +
                "(-etcd-cafile)", "has another key"]),
        ["a namesake with his own certificate"] = (Forged.Pem + OtherIssuing.Pem, Forged.KeyPem, Issuing.Pem, ["not among"]),
        ["a namesake with his own chain"] = (
            Forged.Pem + OtherIssuing.Pem + OtherRoot.Pem, Forged.KeyPem, Issuing.Pem + Root.Pem, ["not among the 2 certificates"]),
        ["a namesake with the right certificate"] = (Forged.Pem + Issuing.Pem, Forged.KeyPem, Issuing.Pem, ["CN=etcd"]),
        ["a namesake with both"] = (Forged.Pem + Issuing.Pem + OtherIssuing.Pem, Forged.KeyPem, Issuing.Pem, ["not among"]),
        ["a namesake with the right certificate and a wrong one above it"] = (
            Forged.Pem + Issuing.Pem + OtherRoot.Pem, Forged.KeyPem, Issuing.Pem, ["CN=etcd"]),
        ["a namesake with the chain of a cross-signed one"] = (Forged.Pem + Issuing.Pem + Root.Pem, Forged.KeyPem, CrossSigned.Pem, ["CN=etcd"]),
        ["a twin of the pinned one: same issuer, same serial number"] = (Twin.Pem, Twin.KeyPem, Original.Pem, ["not among"]),
        ["nobody known"] = (
            Server.Pem + Issuing.Pem, Server.KeyPem, LabCertificate.Root("other").Pem, ["issued by CN=issuing, that by CN=root", "not among the 1 " +
                "certificates in CaFile"]),
        ["signed by itself"] = (SelfSigned.Pem, SelfSigned.KeyPem, Root.Pem, ["CN=alone is signed by itself"]),
        ["expired"] = (Expired.Pem + Issuing.Pem, Expired.KeyPem, Issuing.Pem, ["CN=etcd is valid only from", "clock"]),
        ["expired and pinned"] = (Expired.Pem, Expired.KeyPem, Expired.Pem, ["CN=etcd is valid only from"]),
        ["issued by an expired one that is given"] = (Server.Pem, Server.KeyPem, IssuingExpired.Pem, ["CN=issuing is valid only from"]),
        ["issued by an expired one that is shown"] = (Server.Pem + IssuingExpired.Pem, Server.KeyPem, Root.Pem, ["CN=issuing is valid only from"]),
        ["issued with a server's certificate"] = (
            BelowNoAuthority.Pem + NoAuthority.Pem, BelowNoAuthority.KeyPem, Root.Pem, ["CN=web server is not an authority's"]),
        ["issued with a server's certificate that is given"] = (
            BelowNoAuthority.Pem, BelowNoAuthority.KeyPem, NoAuthority.Pem, ["CN=web server is not an authority's"]),
        ["for clients only"] = (ForClients.Pem, ForClients.KeyPem, Issuing.Pem, ["CN=etcd is not for servers"]),
        ["for other names"] = (Elsewhere.Pem, Elsewhere.KeyPem, Issuing.Pem, ["is for etcd-1, *.example.org, 10.0.0.7, not for 127.0.0.1"]),
        ["for other names, pinned"] = (Elsewhere.Pem, Elsewhere.KeyPem, Elsewhere.Pem, ["not for 127.0.0.1"]),
        ["for other names, by nobody known"] = (Elsewhere.Pem, Elsewhere.KeyPem, OtherRoot.Pem, ["not among", "not for 127.0.0.1"]),
        ["a name that reorders the line"] = (Hostile.Pem, Hostile.KeyPem, Root.Pem, ["CN=?evil?"]),
    };

    public static TheoryData<string> Refused => [.. Bad.Keys];

    [SkippableTheory]
    [MemberData(nameof(Refused))]
    public async Task Chain_DoesNotEndThere_SaysWhichCertificateAndWhy(string what)
    {
        (string shown, string key, string authorities, string[] words) = Bad[what];
        EtcdServer server = await tls.GetAsync();
        tls.Serve(shown, key);

        string problem = await AskAsync(server, authorities);

        Assert.Contains($"{server.Endpoints[0]}: TLS failed: ", problem, StringComparison.Ordinal);
        Assert.All(words, word => Assert.True(problem.Contains(word, StringComparison.Ordinal), problem));
        Assert.DoesNotContain('\u202E', problem);
    }

    [SkippableFact]
    public async Task NoAuthorities_SystemDoesNotKnowTheIssuer_NamesTheOption()
    {
        EtcdServer server = await tls.GetAsync();
        tls.Serve(Server.Pem + Issuing.Pem, Server.KeyPem);

        string problem = await TlsFixture.AskAsync(options => options.Endpoints = server.Endpoints);

        Assert.Contains(
            "issued by CN=issuing, that by CN=root, which is not among the authorities that this system trusts", problem, StringComparison.Ordinal);
        Assert.Contains("CaFile (-etcd-cafile)", problem, StringComparison.Ordinal);
    }

    private Task<string> AskAsync(EtcdServer server, string authorities)
    {
        string file = tls.Write("ca.pem", authorities);
        return TlsFixture.AskAsync(options => (options.Endpoints, options.CaFile) = (server.Endpoints, file));
    }
}

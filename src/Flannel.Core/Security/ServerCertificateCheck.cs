using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using static Flannel.Core.Security.DistinguishedName;

namespace Flannel.Extensibility;

/// <summary>
/// Judges the certificate that a server shows, by the rules of Go's clients, for which flannel's certificates were made: the chain is good when it
/// ends in a given certificate, be that an authority's root, one below it, or the server's own. .NET by itself insists on a root.
/// </summary>
public sealed class ServerCertificateCheck
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const X509ChainStatusFlags Unfinished = X509ChainStatusFlags.PartialChain | X509ChainStatusFlags.UntrustedRoot;
    private const int MaxNames = 10;

    private readonly X509Certificate2Collection? _authorities;
    private readonly string _source;
    private readonly string _advice;

    /// <summary>Creates the check.</summary>
    /// <param name="authorities">The certificates to trust, or <see langword="null"/> for those that the system trusts.</param>
    /// <param name="source">Where they are from, for messages.</param>
    /// <param name="advice">What to do if the system's authorities do not include the server's, as the end of a sentence.</param>
    public ServerCertificateCheck(X509Certificate2Collection? authorities, string source, string advice)
    {
        _authorities = authorities;
        _source = source;
        _advice = advice;
    }

    /// <summary>
    /// Makes connections use this check. A handshake that fails it ends with a <see cref="TlsException"/> somewhere below what the caller sees.
    /// </summary>
    /// <param name="options">The options of the connections.</param>
    public void ApplyTo(SslClientAuthenticationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.CertificateChainPolicy =
            _authorities is null ? NewPolicy(X509ChainTrustMode.System, []) : NewPolicy(X509ChainTrustMode.CustomRootTrust, _authorities);
        options.RemoteCertificateValidationCallback = (sender, certificate, chain, errors) =>
            Check((sender as SslStream)?.TargetHostName ?? "", certificate as X509Certificate2, chain, errors);
    }

    private bool Check(string host, X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None)
            return true;
        if (certificate is null || chain is null)
            throw new TlsException("the server showed no certificate");

        List<string> problems = [];
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors) && !EndsInAuthority(certificate, chain.ChainPolicy.ExtraStore))
            problems.Add(Explain(certificate, chain));
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
            problems.Add(ExplainName(host, certificate));
        return problems.Count == 0 ? true : throw new TlsException(string.Join("; ", problems));
    }

    private bool EndsInAuthority(X509Certificate2 server, X509Certificate2Collection shown)
    {
        foreach (X509Certificate2 authority in _authorities ?? [])
        {
            // Alone, and without what might take its place or stand above it, so that no other chain is found instead.
            using var chain = new X509Chain { ChainPolicy = NewPolicy(X509ChainTrustMode.CustomRootTrust, [authority]) };
            chain.ChainPolicy.ExtraStore.AddRange(
                shown.Where(other => !HasSameKey(other, authority) && !IsSame(other.SubjectName, authority.IssuerName)).ToArray());
            chain.Build(server);
            if (EndsIn(authority, chain))
                return true;
        }

        return false;
    }

    private static bool EndsIn(X509Certificate2 authority, X509Chain chain)
    {
        // A wrong signature anywhere ends the check of all others.
        if (chain.ChainStatus.Any(static status => status.Status == X509ChainStatusFlags.NotSignatureValid))
            return false;
        foreach (X509ChainElement element in chain.ChainElements)
        {
            if (FindFault(element) is not null)
                return false;
            // Equals would compare issuer and serial number only, which anybody may choose.
            if (element.Certificate.RawDataMemory.Span.SequenceEqual(authority.RawDataMemory.Span))
                return true;
        }

        return false;
    }

    /// <summary>What is wrong with a certificate in itself, whoever issued it.</summary>
    private static X509ChainStatus? FindFault(X509ChainElement element)
    {
        foreach (X509ChainStatus status in element.ChainElementStatus)
        {
            if ((status.Status & ~Unfinished) != X509ChainStatusFlags.NoError)
                return status;
        }

        // Of the last one of a chain without a root, OpenSSL does not look at the dates. A new policy has the time that its checks run on.
        DateTime now = new X509ChainPolicy().VerificationTime;
        bool isInTime = now >= element.Certificate.NotBefore && now <= element.Certificate.NotAfter;
        return isInTime ? null : new X509ChainStatus { Status = X509ChainStatusFlags.NotTimeValid };
    }

    private static bool HasSameKey(X509Certificate2 one, X509Certificate2 other) =>
        IsSame(one.SubjectName, other.SubjectName)
        && one.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(other.PublicKey.ExportSubjectPublicKeyInfo());

    private static bool IsSame(X500DistinguishedName one, X500DistinguishedName other) => one.RawData.AsSpan().SequenceEqual(other.RawData);

    private static X509ChainPolicy NewPolicy(X509ChainTrustMode mode, X509Certificate2Collection authorities)
    {
        // A certificate must not make a node ask servers that it names.
        var policy = new X509ChainPolicy { TrustMode = mode, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        policy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        policy.CustomTrustStore.AddRange(authorities);
        return policy;
    }

    private string Explain(X509Certificate2 server, X509Chain chain)
    {
        List<X509Certificate2> certificates = [];
        foreach (X509ChainElement element in chain.ChainElements)
        {
            certificates.Add(element.Certificate);
            if (FindFault(element) is not { } fault)
                continue;
            // The one above has the right name and another key, so the issuer is not known.
            if (fault.Status == X509ChainStatusFlags.NotSignatureValid)
                break;
            return Explain(element.Certificate, fault);
        }

        X500DistinguishedName issuer = certificates.Count > 0 ? certificates[^1].IssuerName : server.IssuerName;
        IEnumerable<string> issuers = certificates.Select(static certificate => Show(certificate.IssuerName)).Distinct().Take(MaxNames);
        string origin = certificates.Count == 1 && IsSame(issuer, server.SubjectName)
            ? "is signed by itself and is"
            : $"was issued by {string.Join(", that by ", issuers)}, which is";
        string what = $"the server's certificate {Show(server.SubjectName)} {origin} not among the";
        if (_authorities is null)
            return $"{what} authorities that this system trusts; {_advice}";
        string namesake = _authorities.Any(authority => IsSame(authority.SubjectName, issuer))
            ? "; the one of the same name there has another key: it is of another cluster, or from before a renewal"
            : "";
        return $"{what} {_authorities.Count} certificates in {_source}{namesake}";
    }

    private static string Explain(X509Certificate2 certificate, X509ChainStatus status)
    {
        string name = Show(certificate.SubjectName);
        return status.Status switch
        {
            X509ChainStatusFlags.NotTimeValid => string.Create(
                CultureInfo.InvariantCulture,
                $"the certificate {name} is valid only from {Utc(certificate.NotBefore):u} to {Utc(certificate.NotAfter):u} (NotTimeValid): " +
                $"replace it, or correct this host's clock"),
            X509ChainStatusFlags.NotValidForUsage => $"the certificate {name} is not for servers: its extended key usage lacks server authentication",
            X509ChainStatusFlags.InvalidBasicConstraints =>
                $"the certificate {name} is not an authority's (basic constraints), yet others were issued with it",
            _ => $"the certificate {name} is refused ({status.Status}: {status.StatusInformation.TrimEnd('.', ' ')})",
        };
    }

    private static DateTime Utc(DateTime time) => time.ToUniversalTime();

    private static string ExplainName(string host, X509Certificate2 certificate)
    {
        string[] names = [.. NamesOf(certificate).Take(MaxNames + 1)];
        string shown = names.Length switch
        {
            0 => $"no name at all (subject {Show(certificate.SubjectName)})",
            > MaxNames => $"{string.Join(", ", names[..MaxNames])} and others",
            _ => string.Join(", ", names),
        };
        return $"the server's certificate is for {shown}, not for {host}; use one of its names as the endpoint, or issue a certificate for {host}";
    }

    private static IReadOnlyList<string> NamesOf(X509Certificate2 certificate)
    {
        try
        {
            return
            [
                .. certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>()
                    .SelectMany(static extension => extension.EnumerateDnsNames().Select(Show)
                        .Concat(extension.EnumerateIPAddresses().Select(static address => address.ToString()))),
            ];
        }
        catch (CryptographicException)
        {
            return [];
        }
    }
}

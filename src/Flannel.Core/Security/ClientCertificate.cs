using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using static Flannel.Core.Security.DistinguishedName;

namespace Flannel.Extensibility;

/// <summary>The certificate that a node shows to servers that ask for one.</summary>
/// <param name="Context">The certificate with its key and those between it and its authority.</param>
/// <param name="Description">What it says of itself, for messages.</param>
public sealed record ClientCertificate(SslStreamCertificateContext Context, string Description)
{
    private const string Rsa = "1.2.840.113549.1.1.1", EllipticCurve = "1.2.840.10045.2.1", Ed25519 = "1.3.101.112", Ed448 = "1.3.101.113";

    /// <summary>Finds the certificate that belongs to the key. It comes first by custom; the others may stand in any order.</summary>
    /// <param name="certificateFile">The certificate, with those between it and its authority.</param>
    /// <param name="keyFile">Its key: ECDSA or RSA, not encrypted.</param>
    /// <exception cref="InvalidDataException">The files hold something else, or the key is none of the certificates'.</exception>
    public static ClientCertificate Read(PemFile certificateFile, PemFile keyFile)
    {
        ArgumentNullException.ThrowIfNull(certificateFile);
        ArgumentNullException.ThrowIfNull(keyFile);
        if (certificateFile is { HasCertificate: false, HasKey: true } && keyFile is { HasCertificate: true, HasKey: false })
        {
            throw new InvalidDataException(
                $"{certificateFile.Name} and {keyFile.Name} are swapped: the first holds a private key, the second a certificate");
        }

        X509Certificate2Collection certificates = certificateFile.ReadCertificates();
        IReadOnlyList<string> keys = keyFile.ReadKeys();
        if (certificates[0].GetKeyAlgorithm() is var algorithm and not (Rsa or EllipticCurve))
        {
            throw new InvalidDataException(
                $"the key of the certificate in {certificateFile.Name} is {NameOf(algorithm)}, which .NET cannot use to log in; issue the " +
                "certificate for an ECDSA (P-256) or RSA key");
        }

        foreach (X509Certificate2 certificate in certificates)
        {
            if (keys.Select(key => Join(certificate, key)).FirstOrDefault(static joined => joined is not null) is not { } own)
                continue;
            X509Certificate2Collection others = [.. certificates.Where(other => other != certificate)];
            return new ClientCertificate(SslStreamCertificateContext.Create(own, others, offline: true), Describe(own, certificateFile.Name));
        }

        throw new InvalidDataException(keys.Any(IsReadable)
            ? $"the key in {keyFile.Name} belongs to another certificate than {Show(certificates[0].SubjectName)} in {certificateFile.Name}"
            : $"the key in {keyFile.Name} is damaged, or neither an ECDSA nor an RSA key");
    }

    /// <summary>Takes a certificate as it is.</summary>
    /// <param name="certificate">The certificate with its key.</param>
    /// <param name="intermediates">Those between it and its authority.</param>
    /// <param name="source">Where it is from, for messages.</param>
    public static ClientCertificate Of(X509Certificate2 certificate, X509Certificate2Collection? intermediates, string source) => new(
        SslStreamCertificateContext.Create(certificate, intermediates, offline: true), Describe(certificate, source));

    /// <summary>Whether .NET can log in with a certificate.</summary>
    /// <param name="certificate">The certificate.</param>
    /// <returns><see langword="null"/> if so, else what is wrong with its key.</returns>
    public static string? RefuseKey(X509Certificate2 certificate) => certificate switch
    {
        { HasPrivateKey: false } => "has no private key; load it with its key, by CopyWithPrivateKey or from PKCS#12",
        _ when certificate.GetKeyAlgorithm() is var algorithm and not (Rsa or EllipticCurve) =>
            $"has a key that .NET cannot use to log in: it is {NameOf(algorithm)}; issue the certificate for an ECDSA (P-256) or RSA key",
        _ => null,
    };

    private static X509Certificate2? Join(X509Certificate2 certificate, string key)
    {
        try
        {
            if (certificate.GetKeyAlgorithm() == Rsa)
            {
                using RSA rsa = RSA.Create();
                rsa.ImportFromPem(key);
                return certificate.CopyWithPrivateKey(rsa);
            }

            using ECDsa ec = ECDsa.Create();
            ec.ImportFromPem(key);
            return certificate.CopyWithPrivateKey(ec);
        }
        catch (Exception error) when (error is ArgumentException or CryptographicException)
        {
            return null;
        }
    }

    private static bool IsReadable(string key) => Imports(RSA.Create(), key) || Imports(ECDsa.Create(), key);

    private static bool Imports(AsymmetricAlgorithm algorithm, string key)
    {
        using (algorithm)
        {
            try
            {
                algorithm.ImportFromPem(key);
                return true;
            }
            catch (Exception error) when (error is ArgumentException or CryptographicException)
            {
                return false;
            }
        }
    }

    private static string NameOf(string algorithm) => algorithm switch
    {
        Ed25519 => "an Ed25519 key",
        Ed448 => "an Ed448 key",
        _ => $"of the kind {algorithm}",
    };

    private static string Describe(X509Certificate2 certificate, string source) => string.Create(
        CultureInfo.InvariantCulture,
        $"{Show(certificate.SubjectName)} in {source}, issued by {Show(certificate.IssuerName)}, valid until " +
        $"{certificate.NotAfter.ToUniversalTime():u}");
}

using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Flannel.Extensibility;

/// <summary>What one certificate or key file holds. Text around the PEM blocks does not count.</summary>
/// <param name="Option">The option that names the file, and flannel's flag.</param>
/// <param name="Path">The file; empty if the content was given otherwise.</param>
/// <param name="Text">Its content.</param>
public sealed record PemFile(string Option, string Path, string Text)
{
    private const string CertificateLabel = "CERTIFICATE";
    private const string BeginMark = "-----BEGIN ";
    private const int MaxCharacters = 4 << 20;

    /// <summary>The file as messages name it.</summary>
    public string Name => $"{Option} {Path}".TrimEnd();

    /// <summary>Whether it holds a certificate, readable or not.</summary>
    public bool HasCertificate => Blocks.Any(static block => block.Label == CertificateLabel);

    /// <summary>Whether it holds a private key, encrypted or not.</summary>
    public bool HasKey => Holds("PRIVATE KEY-----");

    private IEnumerable<(string Label, string Pem)> Blocks
    {
        get
        {
            int position = 0;
            while (PemEncoding.TryFind(Text.AsSpan(position), out PemFields fields))
            {
                (int offset, int length) = fields.Location.GetOffsetAndLength(Text.Length - position);
                yield return (Text[position..][fields.Label], Text.Substring(position + offset, length));
                position += offset + length;
            }
        }
    }

    /// <summary>The name; never the content, which may be a key.</summary>
    public override string ToString() => Name;

    /// <summary>Reads a file.</summary>
    /// <param name="option">The option that names it, for messages.</param>
    /// <param name="path">Its path.</param>
    /// <exception cref="InvalidDataException">There is no such file, or it cannot be a certificate file.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static PemFile Read(string option, string path)
    {
        string name = $"{option} {path}";
        if (Directory.Exists(path))
            throw new InvalidDataException($"{name} is a directory; name a file in it");
        if (RegularFile.Refuse(path) is { } found)
            throw new InvalidDataException($"{name} is {found}");
        try
        {
            using var reader = new StreamReader(path);
            var text = new StringBuilder();
            char[] buffer = new char[4096];
            while (reader.ReadBlock(buffer) is > 0 and int count)
            {
                if (text.Append(buffer, 0, count).Length > MaxCharacters)
                    throw new InvalidDataException($"{name} holds more than {MaxCharacters >> 20} MiB, so it is no certificate file");
            }

            return new PemFile(option, path, text.ToString());
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InvalidDataException($"{name} does not exist", error);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new InvalidDataException($"{name} may not be read by the user that this process runs as", error);
        }
    }

    /// <summary>Its certificates, in order; at least one.</summary>
    /// <exception cref="InvalidDataException">There is none, or one that cannot be read.</exception>
    public X509Certificate2Collection ReadCertificates()
    {
        X509Certificate2Collection certificates = [];
        foreach ((_, string pem) in Blocks.Where(static block => block.Label == CertificateLabel))
        {
            try
            {
                certificates.Add(X509Certificate2.CreateFromPem(pem));
            }
            catch (CryptographicException error)
            {
                throw new InvalidDataException($"certificate {certificates.Count + 1} of {Name} is damaged: {error.Message}", error);
            }
        }

        return certificates.Count > 0 ? certificates : throw Lacks("certificate", CertificateLabel, "x509", HasKey ? "a private key" : null);
    }

    /// <summary>Its private keys, in order; at least one.</summary>
    /// <exception cref="InvalidDataException">There is none, or only an encrypted one.</exception>
    public IReadOnlyList<string> ReadKeys()
    {
        string[] keys = [.. Blocks.Where(static block => IsKey(block.Label)).Select(static block => block.Pem)];
        if (keys.Length > 0)
            return keys;
        // The older kind of encryption stands in headers inside of the block, which makes it no block here.
        if (Holds("BEGIN ENCRYPTED PRIVATE KEY") || Holds("Proc-Type: 4,ENCRYPTED"))
        {
            throw new InvalidDataException(
                $"the key in {Name} is encrypted, and there is nobody to ask for its passphrase; decrypt it: openssl pkey -in {Path} -out ...");
        }

        throw Lacks("private key", "PRIVATE KEY", "pkey", HasCertificate ? "a certificate" : null);
    }

    private InvalidDataException Lacks(string what, string label, string command, string? instead)
    {
        if (string.IsNullOrWhiteSpace(Text))
            return new InvalidDataException($"{Name} is empty");
        if (instead is not null)
            return new InvalidDataException($"{Name} holds {instead} and no {what}");
        // What is not UTF-8 reads as replacement characters.
        if (!Holds(BeginMark) && (Holds("\0") || Holds("\uFFFD")))
        {
            return new InvalidDataException(
                $"{Name} is binary (DER or PKCS #12), not PEM; convert it: openssl {command} -inform der -in {Path} -out ...");
        }

        string[] labels = [.. Blocks.Select(static block => block.Label).Distinct().Take(5)];
        return new InvalidDataException(labels.Length > 0
            ? $"{Name} holds {string.Join(", ", labels)} and no {what} ({BeginMark}{label}-----)"
            : Holds(BeginMark)
                ? $"{Name} is damaged or cut off: there is no whole block from BEGIN to END in it"
                : $"{Name} is not PEM: nothing in it begins with {BeginMark}{label}-----");
    }

    private bool Holds(string text) => Text.Contains(text, StringComparison.Ordinal);

    private static bool IsKey(string label) => label is "PRIVATE KEY" or "RSA PRIVATE KEY" or "EC PRIVATE KEY";
}

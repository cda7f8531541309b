using Flannel.Extensibility;
using Flannel.Store.Etcd.Security;
using Microsoft.Extensions.Options;

namespace Flannel.Store.Etcd;

/// <summary>The rules that attributes cannot say. No message repeats a value that may hold a secret.</summary>
internal sealed class EtcdStoreOptionsRules : IValidateOptions<EtcdStoreOptions>
{
    private static readonly TimeSpan ShortestTimeout = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromMinutes(1);

    public ValidateOptionsResult Validate(string? name, EtcdStoreOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        if (options.Endpoints is null)
        {
            result.AddError("is null; it must be a list of addresses", nameof(options.Endpoints));
            return result.Build();
        }

        CheckEndpoints(options, result);
        if (options.Prefix is not null && EtcdKeys.Clean(options.Prefix).Trim('/').Length == 0)
            result.AddError($"is '{options.Prefix}'; it must name a key, such as /coreos.com/network", nameof(options.Prefix));
        if (options.RequestTimeout < ShortestTimeout || options.RequestTimeout > LongestTimeout)
        {
            result.AddError(
                $"is {options.RequestTimeout}; it must be between {ShortestTimeout} and {LongestTimeout}",
                nameof(options.RequestTimeout));
        }

        if (options.Username is null != options.Password is null || options.Username is "")
            result.AddError("are given only in part; both are needed, or neither", $"{nameof(options.Username)} and {nameof(options.Password)}");
        if (options.CertificateFile is null != options.KeyFile is null)
        {
            result.AddError(
                "are given only in part; both are needed, or neither",
                $"{nameof(options.CertificateFile)} and {nameof(options.KeyFile)}");
        }

        CheckObjects(options, result);
        CheckFile(options.CaFile, nameof(options.CaFile), result);
        CheckFile(options.CertificateFile, nameof(options.CertificateFile), result);
        CheckFile(options.KeyFile, nameof(options.KeyFile), result);
        return result.Build();
    }

    private static bool HasFiles(EtcdStoreOptions options) => (options.CaFile ?? options.CertificateFile ?? options.KeyFile) is not null;

    private static void CheckObjects(EtcdStoreOptions options, ValidateOptionsResultBuilder result)
    {
        TlsObjects given = options.GetObjects();
        const string Authorities = $"{nameof(options.TrustAuthorities)}()";
        const string Certificate = $"{nameof(options.UseCertificate)}()";
        if (HasFiles(options) && given.HasCertificates)
        {
            result.AddError(
                $"are mixed with {nameof(options.CaFile)}, {nameof(options.CertificateFile)} or {nameof(options.KeyFile)}; name files only, or none",
                $"{Authorities} and {Certificate}");
        }

        if (given.Authorities is { Count: 0 })
            result.AddError("was given no certificate, so that no server could be trusted; give it one, or do not call it", Authorities);
        if (given.Certificate is { } certificate && ClientCertificate.RefuseKey(certificate) is { } refusal)
            result.AddError($"was given a certificate that {refusal}", Certificate);
    }

    private static void CheckFile(string? file, string name, ValidateOptionsResultBuilder result)
    {
        if (file is not null && string.IsNullOrWhiteSpace(file))
            result.AddError("is blank; it must name a file, or be null", name);
    }

    private static void CheckEndpoints(EtcdStoreOptions options, ValidateOptionsResultBuilder result)
    {
        bool hasCertificates = HasFiles(options) || options.GetObjects().HasCertificates;
        if (options.EffectiveEndpoints.Count == 0)
            result.AddError($"holds blanks only; it must hold an address, such as {EtcdStoreOptions.DefaultEndpoint}", nameof(options.Endpoints));
        foreach (string endpoint in options.EffectiveEndpoints)
        {
            if (!Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? address)
                || (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps)
                || address.Host.Length == 0 || address.Port == 0)
            {
                // What has a user in it may hold a password.
                string given = endpoint.Contains('@', StringComparison.Ordinal) ? "an endpoint" : $"'{endpoint}'";
                string trouble = endpoint.Contains("://", StringComparison.Ordinal) ? "which is no address" : "which has no scheme";
                result.AddError(
                    $"holds {given}, {trouble}; each must be http:// or https://, a host and a port, such as http://127.0.0.1:2379",
                    nameof(options.Endpoints));
                continue;
            }

            string shown = address.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped);
            if (address.UserInfo.Length > 0)
                result.AddError($"holds a user in the endpoint {shown}; set Username and Password instead", nameof(options.Endpoints));
            if (address.PathAndQuery != "/" || address.Fragment.Length > 0)
                result.AddError($"holds the endpoint {shown} with more behind it; it must be scheme, host and port only", nameof(options.Endpoints));
            if (address.Scheme == Uri.UriSchemeHttps)
                continue;
            if (hasCertificates)
                result.AddError($"holds {shown}, for which certificates are of no use; write https", nameof(options.Endpoints));
            if (options.Username is not null && !options.AllowInsecureCredentials)
            {
                result.AddError(
                    $"holds {shown}, where the password could be read on the way; write https, or set AllowInsecureCredentials",
                    nameof(options.Endpoints));
            }
        }
    }
}

using System.Globalization;
using System.Net;
using Flannel.Extensibility;

namespace Flannel.Store.Kubernetes.Access;

/// <summary>
/// The proxy that the environment names, by the rules of programs written in Go: <c>NO_PROXY</c> may hold names, addresses with or without a port,
/// and ranges such as 10.96.0.0/12, which .NET does not know. This host itself is never reached through a proxy.
/// </summary>
internal sealed class EnvironmentProxy : IWebProxy
{
    private readonly Uri? _http;
    private readonly Uri? _https;
    private readonly string[] _exceptions;

    /// <exception cref="KubernetesAccessException">A variable holds no address.</exception>
    public EnvironmentProxy(KubernetesEnvironment environment)
    {
        _http = Parse(environment.HttpProxy, "HTTP_PROXY");
        _https = Parse(environment.HttpsProxy, "HTTPS_PROXY");
        Credentials = LoginOf(_https) ?? LoginOf(_http);
        _exceptions = (environment.NoProxy ?? "").Split([',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }

    public ICredentials? Credentials { get; set; }

    /// <summary>Reads a proxy's address; a name alone is one that speaks HTTP.</summary>
    public static Uri? Parse(string? text, string name)
    {
        if (string.IsNullOrEmpty(text))
            return null;
        string address = text.Contains("://", StringComparison.Ordinal) ? text : $"http://{text}";
        return Uri.TryCreate(address, UriKind.Absolute, out Uri? proxy) && proxy.Scheme is "http" or "https" or "socks5" && proxy.Host.Length > 0
            ? proxy
            : throw new KubernetesAccessException(name, "it is no address of a proxy, such as http://10.0.0.1:3128");
    }

    /// <summary>A proxy for every address, with the user that its address names.</summary>
    public static WebProxy Of(Uri proxy)
    {
        var bare = new UriBuilder(proxy) { UserName = "", Password = "" };
        return new WebProxy(bare.Uri) { Credentials = LoginOf(proxy) };
    }

    public Uri? GetProxy(Uri destination) => IsBypassed(destination) ? null : destination.Scheme == Uri.UriSchemeHttps ? _https : _http;

    public bool IsBypassed(Uri host)
    {
        string name = host.IdnHost.Trim('[', ']').TrimEnd('.').ToLowerInvariant();
        IPAddress? address = IPAddress.TryParse(name, out IPAddress? parsed) ? parsed : null;
        if (name == "localhost" || (address is not null && IPAddress.IsLoopback(address)))
            return true;
        return _exceptions.Any(exception => Matches(exception.ToLowerInvariant(), name, address, host.Port));
    }

    private static bool Matches(string exception, string name, IPAddress? address, int port)
    {
        if (exception == "*")
            return true;
        if (exception.Contains('/', StringComparison.Ordinal))
            return address is not null && TryParseRange(exception, out IPNetwork range) && range.Contains(address);

        string host = exception;
        int colon = exception.LastIndexOf(':');
        bool isAddress = AddressSyntax.TryParse(exception.Trim('[', ']'), out IPAddress? alone)
            && (colon < 0 || !exception.StartsWith('[') || exception.EndsWith(']'));
        if (!isAddress && colon > 0 && int.TryParse(exception.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int only))
        {
            if (only != port)
                return false;
            host = exception[..colon].Trim('[', ']');
            isAddress = AddressSyntax.TryParse(host, out alone);
        }

        if (isAddress)
            return alone!.Equals(address);
        // A name stands for itself and what is below it; one with a dot in front for what is below it only.
        string suffix = host.StartsWith("*.", StringComparison.Ordinal) ? host[1..] : host;
        return suffix.StartsWith('.')
            ? name.EndsWith(suffix, StringComparison.Ordinal)
            : name == suffix || name.EndsWith($".{suffix}", StringComparison.Ordinal);
    }

    // A range may have bits set behind its length, which .NET refuses.
    private static bool TryParseRange(string text, out IPNetwork range)
    {
        range = default;
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!AddressSyntax.TryParse(text[..slash].Trim('[', ']'), out IPAddress? address)
            || !int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int length))
        {
            return false;
        }

        byte[] bytes = address.GetAddressBytes();
        if (length < 0 || length > bytes.Length * 8)
            return false;
        for (int bit = length; bit < bytes.Length * 8; bit++)
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        range = new IPNetwork(new IPAddress(bytes), length);
        return true;
    }

    private static NetworkCredential? LoginOf(Uri? proxy)
    {
        if (proxy is null || proxy.UserInfo.Length == 0)
            return null;
        string[] login = proxy.UserInfo.Split(':', 2);
        return new NetworkCredential(Uri.UnescapeDataString(login[0]), login.Length > 1 ? Uri.UnescapeDataString(login[1]) : "");
    }
}

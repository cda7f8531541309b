using System.Net.Security;
using Flannel.Extensibility;

namespace Flannel.Store.Etcd.Security;

/// <summary>
/// Makes calls fail with what the server said of the client's certificate. The HTTP/2 stack drops a connection that breaks at once, and the reason
/// with it, so the reason is kept here.
/// </summary>
internal sealed class TlsVerdictHandler : DelegatingHandler
{
    // What the newest connection was told.
    private volatile TlsException? _refusal;

    /// <param name="inner">What makes the connections.</param>
    /// <param name="certificate">The certificate that servers are shown if they ask, or <see langword="null"/>.</param>
    public TlsVerdictHandler(SocketsHttpHandler inner, string? certificate)
        : base(inner) => inner.PlaintextStreamFilter = (context, _) => ValueTask.FromResult(
            context.PlaintextStream is SslStream tls
                ? new TlsVerdictStream(tls, certificate, refusal => _refusal = refusal)
                : context.PlaintextStream);

    /// <inheritdoc />
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (HttpRequestException error) when (_refusal is not null && !IsFromBefore(error))
        {
            throw new HttpRequestException(HttpRequestError.SecureConnectionError, error.Message, _refusal);
        }
    }

    /// <summary>Whether the connection was not even made, so that there is nothing to be told on it.</summary>
    private static bool IsFromBefore(HttpRequestException error) =>
        error.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError;
}

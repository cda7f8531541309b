using Etcdserverpb;
using Flannel.Store.Etcd.Diagnostics;
using Flannel.Store.Etcd.Transport;
using Grpc.Core;

namespace Flannel.Store.Etcd.Client;

/// <summary>
/// Turns user name and password into a token. etcd computes for about 70 ms to check a password, so callers that need a new token at the same time
/// wait for one.
/// </summary>
/// <param name="userName">The user.</param>
/// <param name="password">The password. It goes nowhere but into the request.</param>
/// <param name="timeout">How long a request may take.</param>
internal sealed class EtcdAuthenticator(string userName, string password, TimeSpan timeout) : IDisposable
{
    // etcd without authentication wants no token.
    private const string None = "";

    private readonly SemaphoreSlim _asking = new(1, 1);
    private volatile string? _token;

    /// <summary>A token other than the one that did not work.</summary>
    /// <param name="transport">Whom to ask.</param>
    /// <param name="outdated">The token that did not work, or <see langword="null"/> if any will do.</param>
    /// <param name="metrics">Where to count.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="GrpcException">The endpoint does not answer, or refuses the user.</exception>
    public async Task<string> GetTokenAsync(GrpcTransport transport, string? outdated, EtcdMetrics metrics, CancellationToken cancellationToken)
    {
        if (Usable(outdated) is { } token)
            return token;

        await _asking.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return Usable(outdated) ?? (_token = await AskAsync(transport, metrics, cancellationToken).ConfigureAwait(false));
        }
        finally
        {
            _asking.Release();
        }
    }

    /// <inheritdoc />
    public void Dispose() => _asking.Dispose();

    private string? Usable(string? outdated) => _token is { } token && token != outdated ? token : null;

    private async Task<string> AskAsync(GrpcTransport transport, EtcdMetrics metrics, CancellationToken cancellationToken)
    {
        try
        {
            var request = new AuthenticateRequest { Name = userName, Password = password };
            AuthenticateResponse answer = await transport.CallAsync(
                EtcdMethods.Authenticate, request, token: null, timeout, metrics, cancellationToken)
                .ConfigureAwait(false);
            EtcdMethods.Authenticate.Check(request, answer);
            return answer.Token;
        }
        catch (GrpcException error) when (error.Says("authentication is not enabled"))
        {
            return None;
        }
        catch (GrpcException error) when (!error.IsEndpointFault)
        {
            throw new GrpcException(
                StatusCode.PermissionDenied, $"it refused user '{userName}' ({error.Message}); check Username and Password", error)
            {
                Kind = StoreErrorKind.CredentialsRefused,
            };
        }
    }
}

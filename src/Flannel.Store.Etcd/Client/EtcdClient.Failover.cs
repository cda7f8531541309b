using Flannel.Store.Etcd.Transport;
using Grpc.Core;

namespace Flannel.Store.Etcd.Client;

/// <content>
/// Which endpoint is asked, and for how long. One call asks every endpoint at most once; only while the cluster elects a leader does it go round
/// again. Waiting longer is the caller's business.
/// </content>
internal sealed partial class EtcdClient
{
    // Of several endpoints that failed, the one tells the kind whose failure takes an action.
    private static readonly StoreErrorKind[] Precedence =
    [
        StoreErrorKind.CredentialsRefused, StoreErrorKind.Tls, StoreErrorKind.UnexpectedAnswer, StoreErrorKind.NameNotResolved,
        StoreErrorKind.TooLarge,
        .. Enum.GetValues<StoreErrorKind>().Where(static kind => kind is not (StoreErrorKind.Unreachable or StoreErrorKind.Unspecified)),
        StoreErrorKind.Unreachable, StoreErrorKind.Unspecified,
    ];

    private delegate Task<T> Attempt<T>(EtcdEndpoint endpoint, GrpcTransport transport, string? token);

    private async Task<EtcdReply<T>> RunAsync<T>(string what, Attempt<T> attempt, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _connection.Refresh();
        long started = _time.GetTimestamp();
        var failures = new List<(EtcdEndpoint Endpoint, GrpcException Error)>();
        bool mayBeRepeat = false;
        for (int round = 1; ; round++)
        {
            failures.Clear();
            foreach (EtcdEndpoint endpoint in _connection.Endpoints.InOrder())
            {
                try
                {
                    T value = await AuthenticatedAsync(endpoint, attempt, cancellationToken).ConfigureAwait(false);
                    if (_connection.Endpoints.Succeeded(endpoint))
                        Log.EndpointBack(_logger, endpoint.Name);
                    return new EtcdReply<T>(value, endpoint, mayBeRepeat);
                }
                catch (GrpcException error)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    if (!error.IsEndpointFault)
                        throw Refused(what, endpoint, error, mayBeRepeat);
                    mayBeRepeat |= error.MayHaveRun;
                    Failed(endpoint, error);
                    failures.Add((endpoint, error));
                }
            }

            if (failures.TrueForAll(failure => failure.Error.IsOtherCluster))
            {
                Cluster.Forget();
                Log.ClusterReplaced(_logger, failures[0].Error.Message);
            }

            if (!failures.Exists(failure => failure.Error.IsElection) || _time.GetElapsedTime(started) > Timeout)
                throw Unanswered(what, failures, mayBeRepeat);
            await Task.Delay(_connection.Endpoints.Pause(round), _time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<T> AuthenticatedAsync<T>(EtcdEndpoint endpoint, Attempt<T> attempt, CancellationToken cancellationToken)
    {
        GrpcTransport transport = _connection.GetTransport(endpoint);
        if (_connection.Authenticator is not { } authenticator)
            return await attempt(endpoint, transport, null).ConfigureAwait(false);

        string token = await authenticator.GetTokenAsync(transport, outdated: null, _metrics, cancellationToken).ConfigureAwait(false);
        try
        {
            return await attempt(endpoint, transport, token).ConfigureAwait(false);
        }
        catch (GrpcException error) when (error.IsAboutToken)
        {
            Log.TokenOutdated(_logger, endpoint.Name);
            token = await authenticator.GetTokenAsync(transport, outdated: token, _metrics, cancellationToken).ConfigureAwait(false);
            return await attempt(endpoint, transport, token).ConfigureAwait(false);
        }
    }

    private void Failed(EtcdEndpoint endpoint, GrpcException error)
    {
        if (!error.IsOwnDoing && _connection.Endpoints.Failed(endpoint))
            Log.EndpointFailing(_logger, endpoint.Name, endpoint.Describe(error));
    }

    private static StoreException Refused(string what, EtcdEndpoint endpoint, GrpcException error, bool mayBeRepeat)
    {
        string advice = error switch
        {
            { Code: StatusCode.ResourceExhausted } when error.Says("space exceeded") =>
                " etcd is out of space: compact and defragment it, then clear the alarm with 'etcdctl alarm disarm'.",
            { IsAboutToken: true } => " This etcd demands a user: set Username and Password.",
            { Code: StatusCode.PermissionDenied } when error.Says("permission denied") => " Grant the user read and write permission below " +
                "the prefix.",
            _ => "",
        };
        error.MayBeRepeat = mayBeRepeat;
        return new StoreException(
            $"etcd {endpoint.Name} refused to {what}: {error.Message}.{advice}", isTransient: false, error)
        { Kind = error.Kind };
    }

    private static StoreException Unanswered(string what, List<(EtcdEndpoint Endpoint, GrpcException Error)> failures, bool mayBeRepeat)
    {
        string reasons = string.Join("; ", failures.Select(failure => $"{failure.Endpoint.Name}: {failure.Endpoint.Describe(failure.Error)}"));
        string uncertain = mayBeRepeat ? " Whether it was carried out is not known." : "";
        GrpcException last = failures[^1].Error;
        last.MayBeRepeat = mayBeRepeat;
        return new StoreException(
            $"No etcd endpoint could {what}. {reasons}.{uncertain}", isTransient: !failures.TrueForAll(failure => failure.Error.IsLasting), last)
        {
            Kind = Precedence.First(kind => failures.Exists(failure => failure.Error.Kind == kind)),
        };
    }
}

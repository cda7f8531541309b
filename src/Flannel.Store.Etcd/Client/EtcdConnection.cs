using Flannel.Store.Etcd.Diagnostics;
using Flannel.Store.Etcd.Security;
using Flannel.Store.Etcd.Transport;
using Microsoft.Extensions.Logging;

namespace Flannel.Store.Etcd.Client;

/// <summary>
/// The connections to one cluster with one set of credentials, and what is known of it: which endpoints answer, which token is good. Used by one
/// client, or by those of several networks.
/// </summary>
internal sealed class EtcdConnection
{
    // A node says within 3 s what is wrong with the addresses it was given, be it that none of them answers.
    private static readonly TimeSpan FirstAnswerBudget = TimeSpan.FromSeconds(2.5);
    private static readonly TimeSpan ShortestFirstAnswer = TimeSpan.FromMilliseconds(500);

    // Networks that share a connection notice one after the other that the host has moved. What one has just made is not to be dropped by the next.
    private static readonly TimeSpan ResetPause = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _time;
    private readonly TlsFiles _tls;
    private readonly Func<Uri, AnswerHistory, GrpcTransport> _createTransport;

    private long _resets;
    private long _resetAt;

    // Guarded by the owner, if there is one.
    private int _users;
    private Func<Func<bool>, bool>? _leave;

    /// <param name="options">Valid options.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">Where chance comes from; used by the connection alone.</param>
    /// <param name="logger">Where to log.</param>
    /// <param name="metrics">Where to count connections that cannot be closed.</param>
    /// <param name="transports">What tests change about connections.</param>
    public EtcdConnection(
        EtcdStoreOptions options, TimeProvider time, Random random, ILogger logger, EtcdMetrics metrics, GrpcTransportOptions? transports = null)
    {
        _time = time;
        Timeout = options.RequestTimeout;
        Uri[] addresses = [.. options.EffectiveEndpoints.Select(endpoint => new Uri(endpoint))];
        Endpoints = new EtcdEndpoints(addresses, time, random);
        Authenticator = options.Username is { } user ? new EtcdAuthenticator(user, options.Password ?? "", Timeout) : null;
        _tls = TlsFiles.For(options, time, logger);
        GrpcTransportOptions changes = (transports ?? GrpcTransportOptions.Default) with { Configure = options.GetObjects().HandlerSettings };
        TimeSpan share = FirstAnswerBudget / addresses.Length;
        TimeSpan firstAnswer = share > ShortestFirstAnswer ? share : ShortestFirstAnswer;
        _createTransport = (address, answers) => new GrpcTransport(address, _tls.Identity, firstAnswer, answers, time, logger, metrics, changes);
        LongestCall = Timeout * addresses.Length;
    }

    /// <summary>How long one endpoint may take to answer.</summary>
    public TimeSpan Timeout { get; }

    /// <summary>How long a call may take that no endpoint answers, elections apart.</summary>
    public TimeSpan LongestCall { get; }

    /// <summary>The cluster's addresses.</summary>
    public EtcdEndpoints Endpoints { get; }

    /// <summary>What the cluster has told of itself.</summary>
    public ClusterMemory Cluster { get; } = new();

    /// <summary>Gets tokens; <see langword="null"/> if nobody logs in.</summary>
    public EtcdAuthenticator? Authenticator { get; }

    /// <summary>Changes when connections made before must not be used any more.</summary>
    public long Version => _tls.Version + Interlocked.Read(ref _resets);

    /// <summary>Looks whether the credentials have changed.</summary>
    /// <exception cref="StoreException">They have never been usable.</exception>
    public void Refresh() => _tls.Refresh();

    /// <summary>The transport to an endpoint.</summary>
    public GrpcTransport GetTransport(EtcdEndpoint endpoint) => endpoint.GetTransport(Version, _createTransport);

    /// <summary>Drops every connection with all that goes through it. Returns at once.</summary>
    public void Reset()
    {
        long now = _time.GetTimestamp();
        long last = Interlocked.Read(ref _resetAt);
        if (Volatile.Read(ref _users) > 1)
        {
            if (last != 0 && _time.GetElapsedTime(last, now) < ResetPause) return;
            if (Interlocked.CompareExchange(ref _resetAt, now, last) != last) return;
        }

        Interlocked.Increment(ref _resets);
        Endpoints.ForgetFailures();
        _ = Endpoints.CloseAsync(isForGood: false);
    }

    /// <summary>Takes another user.</summary>
    /// <param name="leave">Runs what it is given when nobody comes or goes meanwhile; what that returns says whether the last user has gone.</param>
    public void Share(Func<Func<bool>, bool> leave)
    {
        _users++;
        _leave = leave;
    }

    /// <summary>Closes every connection if nobody else uses them. Ends in bounded time.</summary>
    public async Task ReleaseAsync()
    {
        if (_leave is { } leave && !leave(() => --_users == 0)) return;
        await Endpoints.CloseAsync(isForGood: true).ConfigureAwait(false);
        Authenticator?.Dispose();
    }
}

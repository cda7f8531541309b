using Flannel.Store.Etcd.Diagnostics;

namespace Flannel.Store.Etcd.Client;

/// <summary>
/// Calls to one etcd endpoint. Everything above it (choice of endpoint, tokens, retries, meaning) does not know how calls travel. Failures of a call
/// are <see cref="Transport.GrpcException"/>. Every call ends when it is cancelled or its time is up, and closing ends within
/// <see cref="Transport.GrpcTransport.CloseLimit"/>, whatever the connection does.
/// </summary>
internal interface IEtcdTransport : IAsyncDisposable
{
    /// <summary>Whether calls can be made: it is not closed, and nothing of it had to be abandoned.</summary>
    bool IsUsable { get; }

    /// <summary>How long to wait for the next answer: less than usual on a connection that has not given any.</summary>
    /// <param name="timeout">How long an answer may usually take.</param>
    TimeSpan Patience(TimeSpan timeout);

    /// <summary>One request, one answer.</summary>
    /// <param name="method">What to call.</param>
    /// <param name="request">The request.</param>
    /// <param name="token">The token that proves who is calling, if one is needed.</param>
    /// <param name="timeout">How long the call may take.</param>
    /// <param name="metrics">Where to count it.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    Task<TResponse> CallAsync<TRequest, TResponse>(
        EtcdMethod<TRequest, TResponse> method, TRequest request, string? token, TimeSpan timeout, EtcdMetrics metrics,
        CancellationToken cancellationToken)
        where TRequest : class
        where TResponse : class;

    /// <summary>Any number of requests and answers. It is opened in the background; failures show when it is written or read.</summary>
    /// <param name="method">What to call.</param>
    /// <param name="token">The token that proves who is calling, if one is needed.</param>
    /// <param name="metrics">Where to count it.</param>
    IEtcdStream<TRequest, TResponse> Open<TRequest, TResponse>(EtcdStreamMethod<TRequest, TResponse> method, string? token, EtcdMetrics metrics)
        where TRequest : class
        where TResponse : class;

    /// <summary>Closes the transport as soon as the calls and streams under way have ended.</summary>
    void Retire();
}

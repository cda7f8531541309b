using Google.Protobuf;

namespace Flannel.Store.Etcd.Client;

/// <summary>
/// Calls to one etcd endpoint. Everything above it (choice of endpoint, tokens, retries, meaning) does not know how calls travel. Failures of a call
/// are <see cref="Grpc.GrpcException"/>.
/// </summary>
internal interface IEtcdTransport : IDisposable
{
    /// <summary>One request, one answer.</summary>
    /// <param name="method">What to call.</param>
    /// <param name="request">The request.</param>
    /// <param name="token">The token that proves who is calling, if one is needed.</param>
    /// <param name="timeout">How long the call may take.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    Task<TResponse> CallAsync<TRequest, TResponse>(
        EtcdMethod<TRequest, TResponse> method, TRequest request, string? token, TimeSpan timeout, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>;

    /// <summary>Any number of requests and answers. It is opened in the background; failures show when it is written or read.</summary>
    /// <param name="method">What to call.</param>
    /// <param name="token">The token that proves who is calling, if one is needed.</param>
    IEtcdStream<TRequest, TResponse> Open<TRequest, TResponse>(EtcdMethod<TRequest, TResponse> method, string? token)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>;

    /// <summary>Closes the transport as soon as the calls and streams under way have ended.</summary>
    void Retire();
}

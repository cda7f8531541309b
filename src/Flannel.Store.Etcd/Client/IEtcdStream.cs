namespace Flannel.Store.Etcd.Client;

/// <summary>A bidirectional call. Reading is for one caller at a time; writing is safe for any number.</summary>
/// <typeparam name="TRequest">What is written.</typeparam>
/// <typeparam name="TResponse">What is read.</typeparam>
internal interface IEtcdStream<in TRequest, TResponse> : IAsyncDisposable
{
    /// <summary>Sends a request; it is on its way when this ends.</summary>
    /// <param name="request">The request.</param>
    /// <param name="cancellationToken">Ends the wait; the stream is of no use afterwards.</param>
    Task WriteAsync(TRequest request, CancellationToken cancellationToken);

    /// <summary>The next answer. The end of the stream, however friendly, is a <see cref="Transport.GrpcException"/>.</summary>
    /// <param name="cancellationToken">Ends the wait; the stream is of no use afterwards.</param>
    Task<TResponse> ReadAsync(CancellationToken cancellationToken);
}

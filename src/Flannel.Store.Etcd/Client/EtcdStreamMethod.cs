using dotnet_etcd.interfaces;
using Grpc.Core;

namespace Flannel.Store.Etcd.Client;

/// <summary>A method of etcd's API: any number of requests and answers.</summary>
/// <param name="Name">Its full name, such as <c>etcdserverpb.Watch/Watch</c>.</param>
/// <param name="Open">Opens a stream.</param>
internal sealed record EtcdStreamMethod<TRequest, TResponse>(
    string Name, Func<IConnection, CallOptions, AsyncDuplexStreamingCall<TRequest, TResponse>> Open)
    where TRequest : class
    where TResponse : class;

using dotnet_etcd.interfaces;
using Etcdserverpb;
using Grpc.Core;

namespace Flannel.Store.Etcd.Client;

/// <summary>A method of etcd's API: one request, one answer.</summary>
/// <param name="Name">Its full name, such as <c>etcdserverpb.KV/Txn</c>.</param>
/// <param name="Call">Calls it.</param>
/// <param name="Check">Refuses an answer that is a valid message and none that etcd gives.</param>
/// <param name="Header">Where its answers say which cluster answered, and at which revision.</param>
/// <param name="IsLinearizable">Whether its answers never show a revision older than one that was seen before the call.</param>
internal sealed record EtcdMethod<TRequest, TResponse>(
    string Name,
    Func<IConnection, TRequest, CallOptions, AsyncUnaryCall<TResponse>> Call,
    Action<TRequest, TResponse> Check,
    Func<TResponse, ResponseHeader> Header,
    bool IsLinearizable = false)
    where TRequest : class
    where TResponse : class;

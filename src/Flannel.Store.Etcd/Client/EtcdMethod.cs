using Flannel.Store.Etcd.Protocol;
using Google.Protobuf;

namespace Flannel.Store.Etcd.Client;

/// <summary>A method of etcd's API.</summary>
/// <param name="Path">Its path, such as <c>/etcdserverpb.KV/Txn</c>.</param>
/// <param name="Parser">What decodes its answers.</param>
/// <param name="Header">Where its answers say which cluster answered, and at which revision.</param>
/// <param name="IsLinearizable">Whether its answers never show a revision older than one that was seen before the call.</param>
internal sealed record EtcdMethod<TRequest, TResponse>(
    string Path, MessageParser<TResponse> Parser, Func<TResponse, ResponseHeader?> Header, bool IsLinearizable = false)
    where TRequest : class, IMessage<TRequest>
    where TResponse : class, IMessage<TResponse>;

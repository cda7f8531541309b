namespace Flannel.Store.Etcd.Client;

/// <summary>An answer of the cluster.</summary>
/// <param name="Value">The answer.</param>
/// <param name="Endpoint">Who gave it.</param>
/// <param name="MayBeRepeat">Whether an earlier attempt, whose answer got lost, may have been carried out before this one.</param>
internal readonly record struct EtcdReply<T>(T Value, EtcdEndpoint Endpoint, bool MayBeRepeat);

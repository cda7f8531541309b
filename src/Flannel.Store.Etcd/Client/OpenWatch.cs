using Etcdserverpb;
using Flannel.Store.Etcd.Transport;

namespace Flannel.Store.Etcd.Client;

/// <summary>A watch that a member has answered.</summary>
/// <param name="Endpoint">The endpoint that serves it.</param>
/// <param name="Stream">The stream.</param>
/// <param name="First">The first answer: that the watch was created, or that its revision was compacted away.</param>
/// <param name="Version">The version of the client's connections that it was opened on.</param>
internal sealed record OpenWatch(EtcdEndpoint Endpoint, GrpcStream<WatchRequest, WatchResponse> Stream, WatchResponse First, long Version);

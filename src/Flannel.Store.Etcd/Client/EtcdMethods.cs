using Etcdserverpb;

namespace Flannel.Store.Etcd.Client;

/// <summary>The methods that the store calls.</summary>
internal static class EtcdMethods
{
    public static readonly EtcdMethod<RangeRequest, RangeResponse> Range = new(
        "etcdserverpb.KV/Range",
        static (etcd, request, options) => etcd.KVClient.RangeAsync(request, options),
        EtcdAnswers.Check,
        static answer => answer.Header,
        IsLinearizable: true);

    public static readonly EtcdMethod<TxnRequest, TxnResponse> Txn = new(
        "etcdserverpb.KV/Txn",
        static (etcd, request, options) => etcd.KVClient.TxnAsync(request, options),
        EtcdAnswers.Check,
        static answer => answer.Header,
        IsLinearizable: true);

    public static readonly EtcdStreamMethod<WatchRequest, WatchResponse> Watch =
        new("etcdserverpb.Watch/Watch", static (etcd, options) => etcd.WatchClient.Watch(options));

    public static readonly EtcdMethod<LeaseGrantRequest, LeaseGrantResponse> LeaseGrant = new(
        "etcdserverpb.Lease/LeaseGrant",
        static (etcd, request, options) => etcd.LeaseClient.LeaseGrantAsync(request, options),
        EtcdAnswers.Check,
        static answer => answer.Header);

    public static readonly EtcdMethod<LeaseRevokeRequest, LeaseRevokeResponse> LeaseRevoke = new(
        "etcdserverpb.Lease/LeaseRevoke",
        static (etcd, request, options) => etcd.LeaseClient.LeaseRevokeAsync(request, options),
        EtcdAnswers.Check,
        static answer => answer.Header);

    public static readonly EtcdStreamMethod<LeaseKeepAliveRequest, LeaseKeepAliveResponse> LeaseKeepAlive =
        new("etcdserverpb.Lease/LeaseKeepAlive", static (etcd, options) => etcd.LeaseClient.LeaseKeepAlive(options));

    public static readonly EtcdMethod<LeaseTimeToLiveRequest, LeaseTimeToLiveResponse> LeaseTimeToLive = new(
        "etcdserverpb.Lease/LeaseTimeToLive",
        static (etcd, request, options) => etcd.LeaseClient.LeaseTimeToLiveAsync(request, options),
        EtcdAnswers.Check,
        static answer => answer.Header);

    public static readonly EtcdMethod<AuthenticateRequest, AuthenticateResponse> Authenticate = new(
        "etcdserverpb.Auth/Authenticate",
        static (etcd, request, options) => etcd.AuthClient.AuthenticateAsync(request, options),
        EtcdAnswers.Check,
        static answer => answer.Header);
}

using Flannel.Store.Etcd.Protocol;

namespace Flannel.Store.Etcd.Client;

/// <summary>The methods that the store calls.</summary>
internal static class EtcdMethods
{
    public static readonly EtcdMethod<RangeRequest, RangeResponse> Range =
        new("/etcdserverpb.KV/Range", RangeResponse.Parser, static answer => answer.Header, IsLinearizable: true);

    public static readonly EtcdMethod<TxnRequest, TxnResponse> Txn =
        new("/etcdserverpb.KV/Txn", TxnResponse.Parser, static answer => answer.Header, IsLinearizable: true);

    public static readonly EtcdMethod<WatchRequest, WatchResponse> Watch =
        new("/etcdserverpb.Watch/Watch", WatchResponse.Parser, static answer => answer.Header);

    public static readonly EtcdMethod<LeaseGrantRequest, LeaseGrantResponse> LeaseGrant =
        new("/etcdserverpb.Lease/LeaseGrant", LeaseGrantResponse.Parser, static answer => answer.Header);

    public static readonly EtcdMethod<LeaseRevokeRequest, LeaseRevokeResponse> LeaseRevoke =
        new("/etcdserverpb.Lease/LeaseRevoke", LeaseRevokeResponse.Parser, static answer => answer.Header);

    public static readonly EtcdMethod<LeaseKeepAliveRequest, LeaseKeepAliveResponse> LeaseKeepAlive =
        new("/etcdserverpb.Lease/LeaseKeepAlive", LeaseKeepAliveResponse.Parser, static answer => answer.Header);

    public static readonly EtcdMethod<LeaseTimeToLiveRequest, LeaseTimeToLiveResponse> LeaseTimeToLive =
        new("/etcdserverpb.Lease/LeaseTimeToLive", LeaseTimeToLiveResponse.Parser, static answer => answer.Header);

    public static readonly EtcdMethod<AuthenticateRequest, AuthenticateResponse> Authenticate =
        new("/etcdserverpb.Auth/Authenticate", AuthenticateResponse.Parser, static answer => answer.Header);
}

namespace Flannel;

/// <summary>How a subnet's lease is renewed in etcd.</summary>
public enum EtcdRenewal
{
    /// <summary>The etcd lease of the key is kept alive. The key does not change, so that no peer is told of a renewal.</summary>
    KeepAlive,

    /// <summary>
    /// The etcd lease is kept alive and the key is written again with the document it has, so that nodes of flannel, which show when a peer's lease
    /// ends, show the new time. Every peer is told of every renewal.
    /// </summary>
    Put,
}

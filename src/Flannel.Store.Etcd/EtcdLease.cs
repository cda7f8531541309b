namespace Flannel.Store.Etcd;

/// <summary>An etcd lease: what makes keys go when nobody keeps it alive.</summary>
/// <param name="Id">Its number; 0 is no lease, and a key without one stays.</param>
/// <param name="Seconds">The time to live that etcd granted.</param>
internal readonly record struct EtcdLease(long Id, long Seconds);

namespace Flanneld.Hosting;

/// <summary>Where leases are kept.</summary>
internal enum StoreKind
{
    Etcd,
    Memory,
    Kubernetes,
}

namespace Flannel.Store.Kubernetes.Objects;

/// <summary>The annotations of a Node that mean something to flannel, by what stands behind the prefix.</summary>
internal enum Annotation
{
    /// <summary><c>kube-subnet-manager</c>: <c>true</c> if an agent looks after the Node.</summary>
    Managed,

    /// <summary><c>backend-type</c>.</summary>
    BackendType,

    /// <summary><c>backend-data</c>: JSON, or <c>null</c>.</summary>
    BackendData,

    /// <summary><c>backend-v6-data</c>: JSON, or <c>null</c>.</summary>
    BackendV6Data,

    /// <summary><c>public-ip</c>.</summary>
    PublicIP,

    /// <summary><c>public-ipv6</c>.</summary>
    PublicIPv6,

    /// <summary><c>public-ip-overwrite</c>, by an administrator: published instead of the host's own address.</summary>
    PublicIPOverwrite,

    /// <summary><c>public-ipv6-overwrite</c>, by an administrator.</summary>
    PublicIPv6Overwrite,

    /// <summary><c>node-public-ip</c>, by an administrator: the address of the host to use, as if it were given as an option.</summary>
    NodePublicIP,

    /// <summary><c>node-public-ipv6</c>, by an administrator.</summary>
    NodePublicIPv6,
}

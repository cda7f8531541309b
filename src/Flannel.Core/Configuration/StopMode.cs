namespace Flannel;

/// <summary>What a node leaves behind when it stops.</summary>
public enum StopMode
{
    /// <summary>The kernel's data path, the subnet file and the lease stay, so that packets keep flowing and the next start takes over.</summary>
    Detach,

    /// <summary>Everything the node owns is undone: the lease is released, devices, routes and the subnet file are removed.</summary>
    Remove,
}

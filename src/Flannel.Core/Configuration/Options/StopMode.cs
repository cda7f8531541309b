namespace Flannel;

/// <summary>What a node leaves behind when it stops.</summary>
public enum StopMode
{
    /// <summary>
    /// The kernel's data path, the subnet file and the lease stay, so that packets keep flowing and the next start takes over: for an upgrade.
    /// </summary>
    Detach,

    /// <summary>
    /// Everything the node owns is undone: the lease is released, devices, routes, traffic rules and the subnet file are removed. For a host that
    /// leaves for good.
    /// </summary>
    Remove,

    /// <summary>
    /// Devices, routes, traffic rules and the subnet file are removed, the lease stays: for a host that is out of service for a while and gets the
    /// same subnet when it starts again within the lease's life. Until then its peers send it packets that nobody takes.
    /// </summary>
    Suspend,
}

namespace Flannel;

/// <summary>Why a container could not be attached, detached or listed.</summary>
public enum ContainerNetworkError
{
    /// <summary>The request makes no sense: an id, a name, a port or an option.</summary>
    Invalid,

    /// <summary>The container's namespace is gone.</summary>
    NamespaceGone,

    /// <summary>The container has an interface of this name, or a foreign device has the name that the host's end would get.</summary>
    NameTaken,

    /// <summary>This container is attached already, with other data.</summary>
    AttachedOtherwise,

    /// <summary>The requested address belongs to another container.</summary>
    AddressTaken,

    /// <summary>The requested address is none that containers of this host may have.</summary>
    AddressOutside,

    /// <summary>Every address of the subnet is taken.</summary>
    PoolEmpty,

    /// <summary>The host's port leads to another container.</summary>
    PortTaken,

    /// <summary>The bridge has an address that is not the network's.</summary>
    BridgeForeign,

    /// <summary>The address directory cannot be read or written.</summary>
    StateDirectory,

    /// <summary>The node has no lease at present, or another host holds its subnet.</summary>
    NoLease,

    /// <summary>The kernel refused.</summary>
    Kernel,
}

namespace Flannel.Netlink.Route.Neighbours;

/// <summary>Flags of a neighbour or FDB entry (<c>NTF_*</c>).</summary>
[Flags]
public enum NeighbourFlags : byte
{
    /// <summary>No flag.</summary>
    None = 0,

    /// <summary>Resolve now.</summary>
    Use = 0x01,

    /// <summary>FDB: the entry is in the device's own table.</summary>
    Self = 0x02,

    /// <summary>FDB: the entry is in the table of the bridge the device belongs to.</summary>
    Master = 0x04,

    /// <summary>Answer for this address.</summary>
    Proxy = 0x08,

    /// <summary>Learned by a control plane outside the kernel.</summary>
    ExternallyLearned = 0x10,

    /// <summary>Reported: offloaded to hardware.</summary>
    Offloaded = 0x20,

    /// <summary>FDB: does not move to another port.</summary>
    Sticky = 0x40,

    /// <summary>IPv6: the neighbour is a router.</summary>
    Router = 0x80,
}

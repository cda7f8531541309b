namespace Flannel.Netlink.Route.Neighbours;

/// <summary>State of a neighbour or FDB entry (<c>NUD_*</c>); a bit mask, of which one bit is set.</summary>
[Flags]
public enum NeighbourState : ushort
{
    /// <summary>No state.</summary>
    None = 0,

    /// <summary>Being resolved.</summary>
    Incomplete = 0x01,

    /// <summary>Confirmed a short time ago.</summary>
    Reachable = 0x02,

    /// <summary>Confirmed too long ago.</summary>
    Stale = 0x04,

    /// <summary>Used while stale; a probe is due.</summary>
    Delay = 0x08,

    /// <summary>Being probed.</summary>
    Probe = 0x10,

    /// <summary>Resolution failed.</summary>
    Failed = 0x20,

    /// <summary>Needs no resolution.</summary>
    NoArp = 0x40,

    /// <summary>Set by hand: never resolved, never collected.</summary>
    Permanent = 0x80,
}

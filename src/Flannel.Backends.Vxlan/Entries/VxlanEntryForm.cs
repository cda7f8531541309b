namespace Flannel.Backends.Vxlan.Entries;

/// <summary>How an entry is made.</summary>
internal enum VxlanEntryForm : byte
{
    /// <summary>As flannel makes it; for a route: by gateway, on the tunnel device.</summary>
    Plain,

    /// <summary>A route through a nexthop object, on the tunnel device.</summary>
    ThroughNexthop,

    /// <summary>A route to the peer's host, past the tunnel.</summary>
    Direct,

    /// <summary>Ours by its place, but not as we make it: somebody changed it. Equals nothing that is desired.</summary>
    Distorted,
}

namespace Flannel.Linux.Guard;

/// <summary>Why the guard drops a packet; each has a counter.</summary>
internal enum GuardDrop
{
    /// <summary>It came to the tunnel's port from an address that is no peer's, or with a MAC that is not that peer's.</summary>
    UnknownSender,

    /// <summary>A container sent it to the tunnel's port.</summary>
    Container,

    /// <summary>It came out of the tunnel from an address that is not the sender's.</summary>
    ForeignSource,

    /// <summary>It came out of the tunnel to an address that is not in the own subnet.</summary>
    ForeignDestination,
}

namespace Flannel;

/// <summary>What has become of an attachment.</summary>
public enum ContainerState
{
    /// <summary>All is there.</summary>
    Attached,

    /// <summary>An attach was cut short. The next one of this container, or a collection of garbage, clears it up.</summary>
    HalfDone,

    /// <summary>
    /// An address is reserved and no device of this package is there: the namespace has ended, the host was restarted, or another program (CNI's
    /// bridge) attached it.
    /// </summary>
    NoDevice,

    /// <summary>A device is there and no address is reserved.</summary>
    NoReservation,

    /// <summary>The host has another subnet now, so that other hosts reach these addresses no more. Detach and attach it.</summary>
    OutdatedSubnet,
}

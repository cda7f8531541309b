namespace Flannel.Containers.Attachments;

/// <summary>What an attach or a detach has done so far. Whatever it is cut short behind, the next call clears up.</summary>
internal enum Step
{
    Reserved,
    HostPrepared,
    DevicesMade,
    InsideSetUp,
    OutsideSetUp,
    PortsMapped,
    Finished,
    PortsUnmapped,
    DeviceDeleted,
    AddressesReleased,
}

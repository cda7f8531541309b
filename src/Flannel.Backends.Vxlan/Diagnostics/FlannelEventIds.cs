namespace Flannel.Backends.Vxlan.Diagnostics;

/// <summary>The ids of the VXLAN backend's log events, 4000 to 4999.</summary>
internal static class FlannelEventIds
{
    public const int DeviceCreated = 4000;
    public const int DeviceAdopted = 4001;
    public const int DeviceMisfit = 4002;
    public const int DeviceDeleted = 4003;
    public const int MacRepaired = 4004;
    public const int MacAccepted = 4005;
    public const int MtuChanged = 4006;

    public const int NexthopsOn = 4104;
    public const int NexthopsOff = 4105;
}

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

    public const int DataPathBroken = 4100;
    public const int DataPathRestored = 4101;
    public const int PeerFailing = 4102;
    public const int PeerRestored = 4103;
    public const int NexthopsOn = 4104;
    public const int NexthopsOff = 4105;
    public const int DirectRoutingChanged = 4106;
    public const int EventsLost = 4107;
    public const int LoopFailed = 4108;
}

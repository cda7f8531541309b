namespace Flannel.Backends.Udp.Diagnostics;

/// <summary>The ids of the UDP backend's log events, 5000 to 5999.</summary>
internal static class FlannelEventIds
{
    public const int DeviceCreated = 5000;
    public const int DeviceClosed = 5001;
    public const int MtuChanged = 5002;
    public const int OffloadsReduced = 5003;

    public const int DataPathBroken = 5100;
    public const int DataPathRestored = 5101;
    public const int PeerLimited = 5102;
    public const int LoopFailed = 5103;
}

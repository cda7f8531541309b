namespace Flannel.Backends.HostGateway.Diagnostics;

/// <summary>The ids of the host-gw backend's log events, 6000 to 6999.</summary>
internal static class FlannelEventIds
{
    public const int MtuChanged = 6000;

    public const int DataPathBroken = 6100;
    public const int DataPathRestored = 6101;
    public const int PeerFailing = 6102;
    public const int PeerRestored = 6103;
    public const int OnLinkChanged = 6104;
    public const int EventsLost = 6105;
    public const int LoopFailed = 6106;
}

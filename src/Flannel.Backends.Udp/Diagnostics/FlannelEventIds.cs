namespace Flannel.Backends.Udp.Diagnostics;

/// <summary>The ids of the UDP backend's log events, 5000 to 5999.</summary>
internal static class FlannelEventIds
{
    public const int DeviceCreated = 5000;
}

namespace Flannel.Core.Diagnostics;

/// <summary>The ids of the core's log events: leases 1000 to 1199, the node 1200 to 1299.</summary>
internal static class FlannelEventIds
{
    public const int NodeStateChanged = 1200;
    public const int NodeUnexpectedError = 1202;
    public const int NodeLeaseHeld = 1203;
    public const int NodeStopFailed = 1204;
    public const int SubnetFileFailed = 1205;
    public const int SubnetFileWritten = 1206;
    public const int SubnetFileUnreadable = 1207;
}

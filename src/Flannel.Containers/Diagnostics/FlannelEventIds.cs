namespace Flannel.Containers.Diagnostics;

/// <summary>The ids of this package's log events: 8000 to 8999.</summary>
internal static class FlannelEventIds
{
    public const int Attached = 8000;
    public const int Detached = 8001;
    public const int Cleared = 8002;
    public const int NoCarrier = 8003;
    public const int MtuChanged = 8010;
    public const int MtuLeft = 8013;
    public const int SubnetsChanged = 8011;
    public const int FollowingFailed = 8012;
}

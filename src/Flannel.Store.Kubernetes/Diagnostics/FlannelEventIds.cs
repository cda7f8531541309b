namespace Flannel.Store.Kubernetes.Diagnostics;

/// <summary>The ids of the Kubernetes store's log events, 7000 to 7999.</summary>
internal static class FlannelEventIds
{
    public const int AccessChanged = 7000;
    public const int AccessUnusable = 7001;

    public const int ApiAway = 7100;
    public const int ApiStillAway = 7101;
    public const int ApiBack = 7102;
    public const int WatchExpired = 7103;
    public const int FollowingFailed = 7104;

    public const int NodeWaiting = 7200;
    public const int NodePublished = 7201;
    public const int NodeRestored = 7202;
    public const int NodeGone = 7203;
    public const int NodeBack = 7204;
    public const int NodeMoved = 7205;
    public const int NodeTaken = 7206;
    public const int NodeNotPublished = 7207;
    public const int NodeWithdrawn = 7208;
    public const int OverwriteUnusable = 7210;
}

namespace Flannel.Linux.Diagnostics;

/// <summary>The ids of this package's log events: 3500 to 3999.</summary>
internal static class FlannelEventIds
{
    public const int ExternalInterfaceChosen = 3500;
    public const int ExternalInterfaceMoved = 3501;

    public const int TrafficRulesWritten = 3600;
    public const int TrafficRulesRepaired = 3601;
    public const int TrafficRulesFailing = 3602;
    public const int TrafficRulesHoldAgain = 3603;
    public const int TrafficRulesUnwatched = 3604;
    public const int TrafficRulesRemoved = 3605;

    public const int GuardWritten = 3650;
    public const int GuardRepaired = 3651;
    public const int GuardFailing = 3652;
    public const int GuardHoldsAgain = 3653;
    public const int GuardRemoved = 3654;
    public const int GuardDropped = 3655;

    public const int DataPathBroken = 3700;
    public const int DataPathRestored = 3701;
    public const int PeerFailing = 3702;
    public const int PeerRestored = 3703;
    public const int RoutesReviewed = 3704;
    public const int ExternalMtuChanged = 3705;
    public const int NotificationsLost = 3706;
    public const int LoopFailed = 3707;
    public const int LeftoverDeleted = 3708;
    public const int ForeignDevice = 3709;
    public const int DeviceInUse = 3710;
    public const int ForeignRoute = 3711;
    public const int MoreForeignRoutes = 3712;
    public const int UnknownDevice = 3713;
    public const int FormerRangeCleared = 3714;
}

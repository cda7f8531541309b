namespace Flannel.Linux.Diagnostics;

/// <summary>The ids of this package's log events: 3500 to 3999.</summary>
internal static class FlannelEventIds
{
    public const int ExternalInterfaceChosen = 3500;

    public const int TrafficRulesWritten = 3600;
    public const int TrafficRulesRepaired = 3601;
    public const int TrafficRulesFailing = 3602;
    public const int TrafficRulesHoldAgain = 3603;
    public const int TrafficRulesUnwatched = 3604;
    public const int TrafficRulesRemoved = 3605;
    public const int ExternalInterfaceMoved = 3501;
}

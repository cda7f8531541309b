namespace Flannel.Linux.Diagnostics;

/// <summary>The ids of this package's log events: 3500 to 3999.</summary>
internal static class FlannelEventIds
{
    public const int ExternalInterfaceChosen = 3500;
    public const int ExternalInterfaceMoved = 3501;
}

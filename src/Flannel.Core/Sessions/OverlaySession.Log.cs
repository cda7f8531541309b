using Flannel.Core.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Sessions;

internal sealed partial class OverlaySession
{
    [LoggerMessage(FlannelEventIds.NodeLeaseHeld, LogLevel.Information, "{Network} holds {Subnet} over {Interface}.")]
    private static partial void LogLeaseHeld(ILogger logger, string network, SubnetKey subnet, string @interface);

    [LoggerMessage(
        FlannelEventIds.NodeLoopAbandoned, LogLevel.Error, "{Network} has a loop that does not end although it was cancelled; it is abandoned.")]
    private static partial void LogLoopAbandoned(ILogger logger, string network);

    [LoggerMessage(FlannelEventIds.NodeConfigPending, LogLevel.Warning, "{Network} does not follow the configuration in the store: {Reasons}.")]
    private static partial void LogConfigPending(ILogger logger, string network, PendingConfig reasons);

    [LoggerMessage(FlannelEventIds.NodeTrafficLeftover, LogLevel.Debug, "{Network} may have left rules in {Filter}. {Problem}")]
    private static partial void LogTrafficLeftover(ILogger logger, string network, PacketFilter filter, string problem);

    [LoggerMessage(
        FlannelEventIds.SubnetFileUnreadable, LogLevel.Warning, "The subnet file {Path} cannot be read, so the previous subnet is not known. " +
            "{Problem}")]
    private static partial void LogSubnetFileUnreadable(ILogger logger, string path, string problem);
}

using Flannel.Core.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Sessions;

internal sealed partial class OverlaySession
{
    private static partial class Log
    {
        [LoggerMessage(FlannelEventIds.NodeLeaseHeld, LogLevel.Information, "{Network} holds {Subnet} over {Interface}.")]
        public static partial void LeaseHeld(ILogger logger, string network, SubnetKey subnet, string @interface);

        [LoggerMessage(
            FlannelEventIds.NodeLoopAbandoned,
            LogLevel.Error,
            "{Network} has a loop that does not end although it was cancelled; it is abandoned.")]
        public static partial void LoopAbandoned(ILogger logger, string network);

        [LoggerMessage(FlannelEventIds.NodeConfigPending, LogLevel.Warning, "{Network} does not follow the configuration in the store: {Reasons}.")]
        public static partial void ConfigPending(ILogger logger, string network, PendingConfig reasons);

        [LoggerMessage(FlannelEventIds.NodeTrafficLeftover, LogLevel.Debug, "{Network} may have left rules in {Filter}. {Problem}")]
        public static partial void TrafficLeftover(ILogger logger, string network, PacketFilter filter, string problem);

        [LoggerMessage(
            FlannelEventIds.SubnetFileUnreadable,
            LogLevel.Warning,
            "The subnet file {Path} cannot be read, so the previous subnet is not known. {Problem}")]
        public static partial void SubnetFileUnreadable(ILogger logger, string path, string problem);
    }
}

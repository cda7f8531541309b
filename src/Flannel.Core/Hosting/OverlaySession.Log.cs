using Flannel.Core.Addressing;
using Flannel.Core.Configuration;
using Flannel.Core.Diagnostics;
using Flannel.Core.Traffic;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Hosting;

internal sealed partial class OverlaySession
{
    [LoggerMessage(FlannelEventIds.NodeLeaseHeld, LogLevel.Information, "Network '{Network}' holds {Subnet} over {Interface}.")]
    private static partial void LogLeaseHeld(ILogger logger, string network, SubnetKey subnet, string @interface);

    [LoggerMessage(FlannelEventIds.NodeStopFailed, LogLevel.Warning, "Network '{Network}' could not {Step} while stopping.")]
    private static partial void LogStopFailed(ILogger logger, Exception exception, string network, string step);

    [LoggerMessage(FlannelEventIds.NodeConfigPending, LogLevel.Warning, "Network '{Network}' does not follow the configuration in the store: {Reasons}.")]
    private static partial void LogConfigPending(ILogger logger, string network, PendingConfig reasons);

    [LoggerMessage(FlannelEventIds.NodeTrafficLeftover, LogLevel.Debug, "Network '{Network}' may have left rules in {Filter}. {Problem}")]
    private static partial void LogTrafficLeftover(ILogger logger, string network, PacketFilter filter, string problem);

    [LoggerMessage(FlannelEventIds.SubnetFileUnreadable, LogLevel.Warning, "The subnet file {Path} cannot be read, so the previous subnet is not known. {Problem}")]
    private static partial void LogSubnetFileUnreadable(ILogger logger, string path, string problem);
}

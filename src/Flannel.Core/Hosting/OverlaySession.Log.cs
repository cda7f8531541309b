using Flannel.Core.Addressing;
using Flannel.Core.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Hosting;

internal sealed partial class OverlaySession
{
    [LoggerMessage(FlannelEventIds.NodeLeaseHeld, LogLevel.Information, "Network '{Network}' holds {Subnet} over {Interface}.")]
    private static partial void LogLeaseHeld(ILogger logger, string network, SubnetKey subnet, string @interface);

    [LoggerMessage(FlannelEventIds.NodeStopFailed, LogLevel.Warning, "Network '{Network}' could not {Step} while stopping.")]
    private static partial void LogStopFailed(ILogger logger, Exception exception, string network, string step);

    [LoggerMessage(FlannelEventIds.SubnetFileUnreadable, LogLevel.Warning, "The subnet file {Path} cannot be read, so the previous subnet is not known. {Problem}")]
    private static partial void LogSubnetFileUnreadable(ILogger logger, string path, string problem);
}

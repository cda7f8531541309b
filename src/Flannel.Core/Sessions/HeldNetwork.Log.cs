using Flannel.Core.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Sessions;

internal sealed partial class HeldNetwork
{
    [LoggerMessage(FlannelEventIds.NodeStopFailed, LogLevel.Warning, "{Network} could not {Step} in time.")]
    private static partial void LogStepFailed(ILogger logger, Exception exception, string network, string step);
}

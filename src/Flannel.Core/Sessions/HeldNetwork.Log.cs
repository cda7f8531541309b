using Flannel.Core.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Sessions;

internal sealed partial class HeldNetwork
{
    private static partial class Log
    {
        [LoggerMessage(FlannelEventIds.NodeStopFailed, LogLevel.Warning, "{Network} could not {Step} in time.")]
        public static partial void StepFailed(ILogger logger, Exception exception, string network, string step);
    }
}

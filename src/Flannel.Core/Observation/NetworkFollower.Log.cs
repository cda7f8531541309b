using Flannel.Core.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Observation;

internal sealed partial class NetworkFollower
{
    private static partial class Log
    {
        [LoggerMessage(
            FlannelEventIds.ObserverUnexpectedError,
            LogLevel.Error,
            "Observing the lease store failed unexpectedly and is started again.")]
        public static partial void Unexpected(ILogger logger, Exception error);
    }
}

using Flannel.Core.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Observation;

internal sealed partial class NetworkFollower
{
    [LoggerMessage(FlannelEventIds.ObserverUnexpectedError, LogLevel.Error, "Observing the lease store failed unexpectedly and is started again.")]
    private partial void LogUnexpected(Exception error);
}

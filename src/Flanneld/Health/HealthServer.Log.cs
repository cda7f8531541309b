using Microsoft.Extensions.Logging;

namespace Flanneld.Health;

internal sealed partial class HealthServer
{
    [LoggerMessage(9001, LogLevel.Warning, "The health server cannot accept a connection: {Problem}")]
    private static partial void LogAcceptFailed(ILogger logger, string problem);

    [LoggerMessage(9002, LogLevel.Debug, "The health server dropped a connection: {Problem}")]
    private static partial void LogAnswerFailed(ILogger logger, string problem);
}

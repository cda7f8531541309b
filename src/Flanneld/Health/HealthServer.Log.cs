using Microsoft.Extensions.Logging;

namespace Flanneld.Health;

internal sealed partial class HealthServer
{
    private static partial class Log
    {
        [LoggerMessage(9001, LogLevel.Warning, "The health server cannot accept a connection: {Problem}")]
        public static partial void AcceptFailed(ILogger logger, string problem);

        [LoggerMessage(9002, LogLevel.Debug, "The health server dropped a connection: {Problem}")]
        public static partial void AnswerFailed(ILogger logger, string problem);
    }
}

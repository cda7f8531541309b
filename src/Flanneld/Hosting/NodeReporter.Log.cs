using Microsoft.Extensions.Logging;

namespace Flanneld.Hosting;

internal sealed partial class NodeReporter
{
    private static partial class Log
    {
        [LoggerMessage(9010, LogLevel.Information, "Ready with {Subnet}.")]
        public static partial void Ready(ILogger logger, string subnet);

        [LoggerMessage(9011, LogLevel.Warning, "Not ready, trying again: {Reason}")]
        public static partial void NotReady(ILogger logger, string reason);

        [LoggerMessage(9012, LogLevel.Warning, "Still not ready: {Reason}")]
        public static partial void StillNotReady(ILogger logger, string reason);

        [LoggerMessage(9013, LogLevel.Information, "Stopping.")]
        public static partial void Stopping(ILogger logger);
    }
}

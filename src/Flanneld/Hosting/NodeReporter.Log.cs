using Microsoft.Extensions.Logging;

namespace Flanneld.Hosting;

internal sealed partial class NodeReporter
{
    [LoggerMessage(9010, LogLevel.Information, "Ready with {Subnet}.")]
    private static partial void LogReady(ILogger logger, string subnet);

    [LoggerMessage(9011, LogLevel.Warning, "Not ready, trying again: {Reason}")]
    private static partial void LogNotReady(ILogger logger, string reason);

    [LoggerMessage(9012, LogLevel.Warning, "Still not ready: {Reason}")]
    private static partial void LogStillNotReady(ILogger logger, string reason);

    [LoggerMessage(9013, LogLevel.Information, "Stopping.")]
    private static partial void LogStopping(ILogger logger);
}

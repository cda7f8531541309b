using Flannel.Core.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Sessions;

internal sealed partial class SubnetFileWriter
{
    [LoggerMessage(FlannelEventIds.SubnetFileWritten, LogLevel.Information, "Wrote the subnet file {Path}.")]
    private static partial void LogWritten(ILogger logger, string path);

    [LoggerMessage(FlannelEventIds.SubnetFileFailed, LogLevel.Warning, "The subnet file cannot be written; trying again. {Problem}")]
    private static partial void LogFailed(ILogger logger, string problem);
}

using Flannel.Core.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Sessions;

internal sealed partial class SubnetFileWriter
{
    private static partial class Log
    {
        [LoggerMessage(FlannelEventIds.SubnetFileWritten, LogLevel.Information, "Wrote the subnet file {Path}.")]
        public static partial void Written(ILogger logger, string path);

        [LoggerMessage(FlannelEventIds.SubnetFileFailed, LogLevel.Warning, "The subnet file cannot be written; trying again. {Problem}")]
        public static partial void Failed(ILogger logger, string problem);
    }
}

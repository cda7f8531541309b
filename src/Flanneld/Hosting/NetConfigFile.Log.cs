using Microsoft.Extensions.Logging;

namespace Flanneld.Hosting;

internal sealed partial class NetConfigFile
{
    private static partial class Log
    {
        [LoggerMessage(9020, LogLevel.Information, "There is no {Path}; the network configuration is {Config}. Name a file by -net-config-path.")]
        public static partial void Default(ILogger logger, string path, string config);

        [LoggerMessage(9021, LogLevel.Warning, "The network configuration {Path} cannot be read, trying again: {Problem}")]
        public static partial void Unreadable(ILogger logger, string path, string problem);
    }
}

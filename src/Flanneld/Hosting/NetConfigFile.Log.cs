using Microsoft.Extensions.Logging;

namespace Flanneld.Hosting;

internal sealed partial class NetConfigFile
{
    [LoggerMessage(9020, LogLevel.Information, "There is no {Path}; the network configuration is {Config}. Name a file by -net-config-path.")]
    private static partial void LogDefault(ILogger logger, string path, string config);

    [LoggerMessage(9021, LogLevel.Warning, "The network configuration {Path} cannot be read, trying again: {Problem}")]
    private static partial void LogUnreadable(ILogger logger, string path, string problem);
}

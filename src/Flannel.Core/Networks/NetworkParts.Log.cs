using Flannel.Core.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Networks;

internal sealed partial class NetworkParts
{
    private static partial class Log
    {
        [LoggerMessage(FlannelEventIds.NetworkPartNotClosed, LogLevel.Error, "{Network} could not close its {Part} in time, and leaves it as it is.")]
        public static partial void NotClosed(ILogger logger, Exception? exception, string network, Type part);
    }
}

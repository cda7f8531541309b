using Flannel.Core.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Sessions;

internal sealed partial class LeaseMemory
{
    private static partial class Log
    {
        [LoggerMessage(
            FlannelEventIds.LeaseMemoryUnreadable,
            LogLevel.Warning,
            "What {Path} remembers of this node's lease cannot be read, and is passed over. {Problem}")]
        public static partial void Unreadable(ILogger logger, string path, string problem);

        [LoggerMessage(
            FlannelEventIds.LeaseMemoryNotWritten,
            LogLevel.Warning,
            "The lease cannot be remembered in {Path}: a change of this host's address while the node is down costs it its subnet. {Problem}")]
        public static partial void NotWritten(ILogger logger, string path, string problem);
    }
}

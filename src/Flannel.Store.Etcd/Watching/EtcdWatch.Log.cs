using Flannel.Store.Etcd.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Store.Etcd.Watching;

internal sealed partial class EtcdWatch
{
    private static partial class Log
    {
        [LoggerMessage(
            FlannelEventIds.WatchReopened,
            LogLevel.Information,
            "The watch of {Prefix} at etcd endpoint {Endpoint} ended; going on after revision {Revision}. {Reason}")]
        public static partial void Reopened(ILogger logger, string endpoint, string prefix, long revision, string reason);

        [LoggerMessage(
            FlannelEventIds.WatchCompacted,
            LogLevel.Information,
            "The history after revision {Revision} was compacted away up to {Compacted}; listing everything.")]
        public static partial void Compacted(ILogger logger, long revision, long compacted);

        [LoggerMessage(
            FlannelEventIds.ChangeTooLarge,
            LogLevel.Warning,
            "A change after revision {Revision} is too long to be read; listing everything. {Reason}")]
        public static partial void ChangeTooLarge(ILogger logger, long revision, string reason);
    }
}

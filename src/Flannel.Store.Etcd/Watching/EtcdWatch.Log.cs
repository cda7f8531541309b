using Flannel.Store.Etcd.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Store.Etcd.Watching;

internal sealed partial class EtcdWatch
{
    [LoggerMessage(
        FlannelEventIds.WatchReopened,
        LogLevel.Information,
        "The watch of {Prefix} at etcd endpoint {Endpoint} ended; going on after revision {Revision}. {Reason}")]
    private partial void LogReopened(string endpoint, string prefix, long revision, string reason);

    [LoggerMessage(
        FlannelEventIds.WatchCompacted,
        LogLevel.Information,
        "The history after revision {Revision} was compacted away up to {Compacted}; listing everything.")]
    private partial void LogCompacted(long revision, long compacted);

    [LoggerMessage(
        FlannelEventIds.ChangeTooLarge, LogLevel.Warning, "A change after revision {Revision} is too long to be read; listing everything. {Reason}")]
    private partial void LogChangeTooLarge(long revision, string reason);
}

using Flannel.Store.Etcd.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Store.Etcd.Security;

internal sealed partial class TlsFiles
{
    private static partial class Log
    {
        [LoggerMessage(
            FlannelEventIds.TlsFilesChanged,
            LogLevel.Information,
            "The certificate files {Files} have changed; connections to etcd are reopened with them.")]
        public static partial void Changed(ILogger logger, string files);

        [LoggerMessage(
            FlannelEventIds.TlsFilesUnusable,
            LogLevel.Warning,
            "The certificate files {Files} have changed and cannot be used; the earlier ones stay in force. {Reason}")]
        public static partial void Unusable(ILogger logger, string files, string reason);
    }
}

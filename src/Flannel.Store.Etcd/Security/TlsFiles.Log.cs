using Flannel.Store.Etcd.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Store.Etcd.Security;

internal sealed partial class TlsFiles
{
    [LoggerMessage(
        FlannelEventIds.TlsFilesChanged,
        LogLevel.Information,
        "The certificate files {Files} have changed; connections to etcd are reopened with them.")]
    private partial void LogChanged(string files);

    [LoggerMessage(
        FlannelEventIds.TlsFilesUnusable,
        LogLevel.Warning,
        "The certificate files {Files} have changed and cannot be used; the earlier ones stay in force. {Reason}")]
    private partial void LogUnusable(string files, string reason);
}

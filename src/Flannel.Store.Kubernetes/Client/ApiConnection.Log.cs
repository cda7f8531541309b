using Flannel.Store.Kubernetes.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Store.Kubernetes.Client;

internal sealed partial class ApiConnection
{
    [LoggerMessage(FlannelEventIds.AccessChanged, LogLevel.Information, "The access to Kubernetes has changed; connections are reopened.")]
    private partial void LogChanged();

    [LoggerMessage(
        FlannelEventIds.AccessUnusable, LogLevel.Warning, "The access to Kubernetes has changed and cannot be used; the earlier one stays in " +
            "force. {Reason}")]
    private partial void LogUnusable(string reason);
}

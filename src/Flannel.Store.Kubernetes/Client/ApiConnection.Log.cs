using Flannel.Store.Kubernetes.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Store.Kubernetes.Client;

internal sealed partial class ApiConnection
{
    private static partial class Log
    {
        [LoggerMessage(FlannelEventIds.AccessChanged, LogLevel.Information, "The access to Kubernetes has changed; connections are reopened.")]
        public static partial void Changed(ILogger logger);

        [LoggerMessage(
            FlannelEventIds.AccessUnusable,
            LogLevel.Warning,
            "The access to Kubernetes has changed and cannot be used; the earlier one stays in force. {Reason}")]
        public static partial void Unusable(ILogger logger, string reason);
    }
}

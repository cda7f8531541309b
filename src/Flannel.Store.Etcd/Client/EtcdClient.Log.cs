using Flannel.Store.Etcd.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Store.Etcd.Client;

internal sealed partial class EtcdClient
{
    private static partial class Log
    {
        [LoggerMessage(FlannelEventIds.EndpointFailing, LogLevel.Warning, "etcd endpoint {Endpoint} fails: {Reason}")]
        public static partial void EndpointFailing(ILogger logger, string endpoint, string reason);

        [LoggerMessage(FlannelEventIds.EndpointBack, LogLevel.Information, "etcd endpoint {Endpoint} answers again.")]
        public static partial void EndpointBack(ILogger logger, string endpoint);

        [LoggerMessage(
            FlannelEventIds.TokenOutdated,
            LogLevel.Debug,
            "etcd endpoint {Endpoint} does not accept the token any more; logging in again.")]
        public static partial void TokenOutdated(ILogger logger, string endpoint);

        [LoggerMessage(
            FlannelEventIds.ClusterReplaced,
            LogLevel.Error,
            "Every etcd endpoint says that the cluster was replaced or restored; starting from what it says now. {Reason}")]
        public static partial void ClusterReplaced(ILogger logger, string reason);
    }
}

using Flannel.Store.Etcd.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Store.Etcd.Client;

internal sealed partial class EtcdClient
{
    [LoggerMessage(FlannelEventIds.EndpointFailing, LogLevel.Warning, "etcd endpoint {Endpoint} fails: {Reason}")]
    private partial void LogEndpointFailing(string endpoint, string reason);

    [LoggerMessage(FlannelEventIds.EndpointBack, LogLevel.Information, "etcd endpoint {Endpoint} answers again.")]
    private partial void LogEndpointBack(string endpoint);

    [LoggerMessage(FlannelEventIds.TokenOutdated, LogLevel.Debug, "etcd endpoint {Endpoint} does not accept the token any more; logging in again.")]
    private partial void LogTokenOutdated(string endpoint);

    [LoggerMessage(
        FlannelEventIds.ClusterReplaced, LogLevel.Error, "Every etcd endpoint says that the cluster was replaced or restored; starting from what " +
            "it says now. {Reason}")]
    private partial void LogClusterReplaced(string reason);
}

using Flannel.Store.Kubernetes.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Store.Kubernetes;

internal sealed partial class KubernetesSubnetManager
{
    private static partial class Log
    {
        [LoggerMessage(FlannelEventIds.NodeWaiting, LogLevel.Warning, "{Reason}")]
        public static partial void Waiting(ILogger logger, string reason);

        [LoggerMessage(
            FlannelEventIds.NodePublished,
            LogLevel.Information,
            "The Node {Node} has the subnet {Subnet}; published {Count} annotations.")]
        public static partial void Published(ILogger logger, string node, SubnetKey subnet, int count);

        [LoggerMessage(FlannelEventIds.NodeWithdrawn, LogLevel.Information, "Took this node's annotations off the Node {Node} ({Subnet}).")]
        public static partial void Withdrawn(ILogger logger, string node, SubnetKey subnet);
    }
}

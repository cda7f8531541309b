using Flannel.Store.Kubernetes.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Store.Kubernetes;

internal sealed partial class KubernetesSubnetManager
{
    [LoggerMessage(FlannelEventIds.NodeWaiting, LogLevel.Warning, "{Reason}")]
    private partial void LogWaiting(string reason);

    [LoggerMessage(FlannelEventIds.NodePublished, LogLevel.Information, "The Node {Node} has the subnet {Subnet}; published {Count} annotations.")]
    private partial void LogPublished(string node, SubnetKey subnet, int count);

    [LoggerMessage(FlannelEventIds.NodeWithdrawn, LogLevel.Information, "Took this node's annotations off the Node {Node} ({Subnet}).")]
    private partial void LogWithdrawn(string node, SubnetKey subnet);
}

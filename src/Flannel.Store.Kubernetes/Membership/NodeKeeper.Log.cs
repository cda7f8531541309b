using Flannel.Store.Kubernetes.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Store.Kubernetes.Membership;

internal sealed partial class NodeKeeper
{
    private static partial class Log
    {
        [LoggerMessage(
            FlannelEventIds.NodeRestored,
            LogLevel.Warning,
            "Somebody else took or changed annotations of the Node {Node} that are this node's; putting back {Names}.")]
        public static partial void Restored(ILogger logger, string node, string names);

        [LoggerMessage(FlannelEventIds.NodeGone, LogLevel.Warning, "{Reason}")]
        public static partial void Gone(ILogger logger, string reason);

        [LoggerMessage(FlannelEventIds.NodeBack, LogLevel.Information, "The Node {Node} is published with the subnet {Subnet} again.")]
        public static partial void Back(ILogger logger, string node, SubnetKey subnet);

        [LoggerMessage(FlannelEventIds.NodeMoved, LogLevel.Warning, "The Node {Node} has another subnet now: {To} instead of {From}.")]
        public static partial void Moved(ILogger logger, string node, SubnetKey from, SubnetKey to);

        [LoggerMessage(FlannelEventIds.NodeTaken, LogLevel.Error, "{Reason}")]
        public static partial void Taken(ILogger logger, string reason);

        [LoggerMessage(FlannelEventIds.NodeNotPublished, LogLevel.Warning, "Writing to the Node {Node} failed; it is tried again. {Reason}")]
        public static partial void NotPublished(ILogger logger, string node, string reason);

        [LoggerMessage(
            FlannelEventIds.OverwriteUnusable,
            LogLevel.Warning,
            "What an administrator asks for on the Node {Node} cannot be used: {Problem}; the former address stays published.")]
        public static partial void OverwriteUnusable(ILogger logger, string node, string problem);

        [LoggerMessage(FlannelEventIds.ApiAway, LogLevel.Warning, "The Kubernetes API cannot be reached; peers stay as last known. {Reason}")]
        public static partial void ApiAway(ILogger logger, string reason);

        [LoggerMessage(FlannelEventIds.ApiStillAway, LogLevel.Debug, "The Kubernetes API still cannot be reached. {Reason}")]
        public static partial void ApiStillAway(ILogger logger, string reason);

        [LoggerMessage(FlannelEventIds.ApiBack, LogLevel.Information, "The Kubernetes API answers again.")]
        public static partial void ApiBack(ILogger logger);
    }
}

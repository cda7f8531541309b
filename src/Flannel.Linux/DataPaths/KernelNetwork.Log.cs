using System.Net;
using Flannel.Linux.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Extensibility;

/// <content>Log messages.</content>
public sealed partial class KernelNetwork
{
    internal static partial class Log
    {
        [LoggerMessage(FlannelEventIds.DataPathBroken, LogLevel.Warning, "{DataPath} is broken and is retried: {Problem}")]
        public static partial void DataPathBroken(ILogger logger, string dataPath, string problem);

        [LoggerMessage(FlannelEventIds.DataPathRestored, LogLevel.Information, "{DataPath} works again.")]
        public static partial void DataPathRestored(ILogger logger, string dataPath);

        [LoggerMessage(FlannelEventIds.PeerFailing, LogLevel.Warning, "The peer {Peer} cannot be reached over {DataPath}: {Problem}")]
        public static partial void PeerFailing(ILogger logger, string dataPath, SubnetKey peer, string problem);

        [LoggerMessage(FlannelEventIds.PeerRestored, LogLevel.Information, "The peer {Peer} can be reached over {DataPath} again.")]
        public static partial void PeerRestored(ILogger logger, string dataPath, SubnetKey peer);

        [LoggerMessage(FlannelEventIds.RoutesReviewed, LogLevel.Information, "{DataPath}: {Count} peers are reached by another route now.")]
        public static partial void RoutesReviewed(ILogger logger, string dataPath, int count);

        [LoggerMessage(
            FlannelEventIds.ExternalMtuChanged,
            LogLevel.Information,
            "The MTU of the external interface {Interface} changed from {Before} to {After}.")]
        public static partial void ExternalMtuChanged(ILogger logger, string @interface, int before, int after);

        [LoggerMessage(FlannelEventIds.NotificationsLost, LogLevel.Debug, "{DataPath}: netlink notifications were lost; resynchronising.")]
        public static partial void NotificationsLost(ILogger logger, string dataPath);

        [LoggerMessage(FlannelEventIds.LoopFailed, LogLevel.Error, "{DataPath}: the loop '{Loop}' failed and is restarted.")]
        public static partial void LoopFailed(ILogger logger, Exception exception, string dataPath, string loop);

        [LoggerMessage(FlannelEventIds.LeftoverDeleted, LogLevel.Information, "Deleted {Device}, which an earlier run left in {Network}.")]
        public static partial void LeftoverDeleted(ILogger logger, string device, IReadOnlyList<IPNetwork> network);

        [LoggerMessage(
            FlannelEventIds.FormerRangeCleared,
            LogLevel.Information,
            "Removed {Count} addresses and routes of a former range from {Device}. The network is {Network} now.")]
        public static partial void FormerRangeCleared(ILogger logger, string device, int count, IReadOnlyList<IPNetwork> network);

        [LoggerMessage(
            FlannelEventIds.UnknownDevice,
            LogLevel.Information,
            "{Device} has a name and a kind of flannel's, but neither address nor route that would tell which network it belongs to. It is left " +
            "alone; remove it if nobody needs it (ip link del {Device}).")]
        public static partial void UnknownDevice(ILogger logger, string device);

        [LoggerMessage(
            FlannelEventIds.ForeignDevice,
            LogLevel.Warning,
            "{Device} has a name of flannel's and an address or route in the network, but is a device of kind {Kind}, not {Expected}. It is left " +
            "alone.")]
        public static partial void ForeignDevice(ILogger logger, string device, string kind, string expected);

        [LoggerMessage(
            FlannelEventIds.DeviceInUse,
            LogLevel.Warning,
            "{Device} carries packets of {Network} for another process (ip -d link show {Device}). It is left alone; stop that process, another " +
            "flanneld perhaps.")]
        public static partial void DeviceInUse(ILogger logger, string device, IReadOnlyList<IPNetwork> network);

        [LoggerMessage(
            FlannelEventIds.ForeignRoute,
            LogLevel.Warning,
            "The host has a route to {Destination} ({Route}), inside the network {Network}, that no backend made. It is left alone.")]
        public static partial void ForeignRoute(ILogger logger, IPNetwork destination, string route, IPNetwork network);

        [LoggerMessage(
            FlannelEventIds.MoreForeignRoutes,
            LogLevel.Warning,
            "The host has {Count} more routes inside the network {Network} that no backend made (ip route show root {Network}). They are left " +
            "alone.")]
        public static partial void MoreForeignRoutes(ILogger logger, int count, IPNetwork network);
    }
}

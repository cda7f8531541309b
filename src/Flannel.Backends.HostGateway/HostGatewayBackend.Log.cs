using System.Net.Sockets;
using Flannel.Backends.HostGateway.Diagnostics;
using Flannel.Core.Addressing;
using Microsoft.Extensions.Logging;

namespace Flannel.Backends.HostGateway;

internal sealed partial class HostGatewayBackend
{
    internal static partial class Log
    {
        [LoggerMessage(FlannelEventIds.MtuChanged, LogLevel.Information, "The MTU of {Interface} changed from {Before} to {After}")]
        public static partial void MtuChanged(ILogger logger, string @interface, int before, int after);

        [LoggerMessage(
            FlannelEventIds.DataPathBroken,
            LogLevel.Warning,
            "The {Family} routes over {Interface} cannot be kept in order and are tried again: {Problem}")]
        public static partial void DataPathBroken(ILogger logger, AddressFamily family, string @interface, string problem);

        [LoggerMessage(FlannelEventIds.DataPathRestored, LogLevel.Information, "The {Family} routes over {Interface} are in order again")]
        public static partial void DataPathRestored(ILogger logger, AddressFamily family, string @interface);

        [LoggerMessage(FlannelEventIds.PeerFailing, LogLevel.Warning, "The peer {Peer} cannot be reached over {Interface}: {Problem}")]
        public static partial void PeerFailing(ILogger logger, string @interface, SubnetKey peer, string problem);

        [LoggerMessage(FlannelEventIds.PeerRestored, LogLevel.Information, "The peer {Peer} can be reached over {Interface} again")]
        public static partial void PeerRestored(ILogger logger, string @interface, SubnetKey peer);

        [LoggerMessage(
            FlannelEventIds.OnLinkChanged,
            LogLevel.Information,
            "{Count} {Family} routes over {Interface} change, because hosts are reached another way")]
        public static partial void OnLinkChanged(ILogger logger, int count, AddressFamily family, string @interface);

        [LoggerMessage(
            FlannelEventIds.EventsLost,
            LogLevel.Debug,
            "{Interface}: the kernel told of more {Family} changes than could be taken; everything is compared anew")]
        public static partial void EventsLost(ILogger logger, string @interface, AddressFamily family);

        [LoggerMessage(FlannelEventIds.LoopFailed, LogLevel.Error, "{Interface}: the {Family} loop '{Loop}' failed and starts again")]
        public static partial void LoopFailed(ILogger logger, Exception exception, string @interface, AddressFamily family, string loop);
    }
}

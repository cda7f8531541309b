using Flannel.Backends.Udp.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Backends.Udp;

internal sealed partial class UdpBackend
{
    internal static partial class Log
    {
        [LoggerMessage(FlannelEventIds.DeviceCreated, LogLevel.Information, "Created {Device} over {Interface}, off-loads: {Offloads}.")]
        public static partial void DeviceCreated(ILogger logger, string device, string @interface, UdpOffloads offloads);

        [LoggerMessage(FlannelEventIds.DeviceClosed, LogLevel.Information, "Closed {Device}.")]
        public static partial void DeviceClosed(ILogger logger, string device);

        [LoggerMessage(
            FlannelEventIds.MtuChanged,
            LogLevel.Information,
            "The MTU of {Device} changed from {Before} to {After}, because that of {Interface} is {InterfaceMtu}.")]
        public static partial void MtuChanged(ILogger logger, string device, int before, int after, string @interface, int interfaceMtu);

        [LoggerMessage(
            FlannelEventIds.OffloadsReduced,
            LogLevel.Warning,
            "{Device}: the kernel refused an off-load (errno {Errno}); in use are now: {Offloads}. Packets flow, at a higher cost.")]
        public static partial void OffloadsReduced(ILogger logger, string device, int errno, UdpOffloads offloads);

        [LoggerMessage(FlannelEventIds.DataPathBroken, LogLevel.Warning, "The data path over {Interface} is broken and is retried: {Problem}")]
        public static partial void DataPathBroken(ILogger logger, string @interface, string problem);

        [LoggerMessage(FlannelEventIds.DataPathRestored, LogLevel.Information, "The data path over {Interface} works again, through {Device}.")]
        public static partial void DataPathRestored(ILogger logger, string @interface, string device);

        [LoggerMessage(FlannelEventIds.PeerLimited, LogLevel.Warning, "The peer {Peer} cannot be reached in full: {Problem}")]
        public static partial void PeerLimited(ILogger logger, SubnetKey peer, string problem);

        [LoggerMessage(FlannelEventIds.LoopFailed, LogLevel.Error, "The loop '{Loop}' failed and is restarted.")]
        public static partial void LoopFailed(ILogger logger, Exception exception, string loop);
    }
}

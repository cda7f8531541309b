using System.Net.NetworkInformation;
using Flannel.Backends.Vxlan.Diagnostics;
using Flannel.Core.Addressing;
using Microsoft.Extensions.Logging;

namespace Flannel.Backends.Vxlan;

internal sealed partial class VxlanBackend
{
    internal static partial class Log
    {
        [LoggerMessage(FlannelEventIds.DeviceCreated, LogLevel.Information, "Created {Device} (index {Index}, MAC {Mac}, MTU {Mtu}) over {Uplink}")]
        public static partial void DeviceCreated(ILogger logger, string device, int index, PhysicalAddress? mac, int mtu, string uplink);

        [LoggerMessage(FlannelEventIds.DeviceAdopted, LogLevel.Information, "Kept the existing {Device} (index {Index}, MAC {Mac})")]
        public static partial void DeviceAdopted(ILogger logger, string device, int index, PhysicalAddress? mac);

        [LoggerMessage(FlannelEventIds.DeviceMisfit, LogLevel.Warning, "{Device} is made anew, because {Misfit}")]
        public static partial void DeviceMisfit(ILogger logger, string device, string misfit);

        [LoggerMessage(FlannelEventIds.DeviceDeleted, LogLevel.Information, "Deleted {Device}")]
        public static partial void DeviceDeleted(ILogger logger, string device);

        [LoggerMessage(FlannelEventIds.MacRepaired, LogLevel.Warning, "Somebody gave {Device} the MAC {Found}; it gets {Mac} back, which peers know")]
        public static partial void MacRepaired(ILogger logger, string device, PhysicalAddress? found, PhysicalAddress? mac);

        [LoggerMessage(
            FlannelEventIds.MacAccepted,
            LogLevel.Warning,
            "Somebody keeps giving {Device} the MAC {Found} instead of {Mac}; it is published instead. " +
            "Tell the network manager to leave the device alone")]
        public static partial void MacAccepted(ILogger logger, string device, PhysicalAddress found, PhysicalAddress? mac);

        [LoggerMessage(
            FlannelEventIds.MtuChanged,
            LogLevel.Information,
            "{Device} changed its MTU from {Before} to {After}, because that of {Uplink} is {UplinkMtu}")]
        public static partial void MtuChanged(ILogger logger, string device, int before, int after, string uplink, int uplinkMtu);

        [LoggerMessage(FlannelEventIds.DataPathBroken, LogLevel.Warning, "{Device} cannot be kept in order and is tried again: {Problem}")]
        public static partial void DataPathBroken(ILogger logger, string device, string problem);

        [LoggerMessage(FlannelEventIds.DataPathRestored, LogLevel.Information, "{Device} is in order again")]
        public static partial void DataPathRestored(ILogger logger, string device);

        [LoggerMessage(FlannelEventIds.PeerFailing, LogLevel.Warning, "The peer {Peer} cannot be reached over {Device}: {Problem}")]
        public static partial void PeerFailing(ILogger logger, string device, SubnetKey peer, string problem);

        [LoggerMessage(FlannelEventIds.PeerRestored, LogLevel.Information, "The peer {Peer} can be reached over {Device} again")]
        public static partial void PeerRestored(ILogger logger, string device, SubnetKey peer);

        [LoggerMessage(
            FlannelEventIds.NexthopsOn,
            LogLevel.Information,
            "{Device} has {Count} peers; their routes go through nexthop objects from now on")]
        public static partial void NexthopsOn(ILogger logger, string device, int count);

        [LoggerMessage(FlannelEventIds.NexthopsOff, LogLevel.Information, "{Device} has {Count} peers; their routes are plain ones from now on")]
        public static partial void NexthopsOff(ILogger logger, string device, int count);

        [LoggerMessage(
            FlannelEventIds.DirectRoutingChanged,
            LogLevel.Information,
            "{Device}: {Count} entries change, because hosts are reached another way")]
        public static partial void DirectRoutingChanged(ILogger logger, string device, int count);

        [LoggerMessage(
            FlannelEventIds.EventsLost,
            LogLevel.Debug,
            "{Device}: the kernel told of more changes than could be taken; everything is compared anew")]
        public static partial void EventsLost(ILogger logger, string device);

        [LoggerMessage(FlannelEventIds.LoopFailed, LogLevel.Error, "{Device}: the loop '{Loop}' failed and starts again")]
        public static partial void LoopFailed(ILogger logger, Exception exception, string device, string loop);
    }
}

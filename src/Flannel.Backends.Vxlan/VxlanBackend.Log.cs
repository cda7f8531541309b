using System.Net.NetworkInformation;
using Flannel.Backends.Vxlan.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Backends.Vxlan;

internal sealed partial class VxlanBackend
{
    internal static partial class Log
    {
        [LoggerMessage(
            FlannelEventIds.DeviceCreated,
            LogLevel.Information,
            "Created {Device} (index {Index}, MAC {Mac}, MTU {Mtu}) over {Interface}.")]
        public static partial void DeviceCreated(ILogger logger, string device, int index, PhysicalAddress? mac, int mtu, string @interface);

        [LoggerMessage(FlannelEventIds.DeviceAdopted, LogLevel.Information, "Kept the existing {Device} (index {Index}, MAC {Mac}).")]
        public static partial void DeviceAdopted(ILogger logger, string device, int index, PhysicalAddress? mac);

        [LoggerMessage(FlannelEventIds.DeviceMisfit, LogLevel.Warning, "Recreating {Device}, because {Misfit}.")]
        public static partial void DeviceMisfit(ILogger logger, string device, string misfit);

        [LoggerMessage(FlannelEventIds.DeviceDeleted, LogLevel.Information, "Deleted {Device}.")]
        public static partial void DeviceDeleted(ILogger logger, string device);

        [LoggerMessage(
            FlannelEventIds.MacRepaired,
            LogLevel.Warning,
            "Something gave {Device} the MAC {Found}; setting it back to {Mac}, which peers know.")]
        public static partial void MacRepaired(ILogger logger, string device, PhysicalAddress? found, PhysicalAddress? mac);

        [LoggerMessage(
            FlannelEventIds.MacAccepted,
            LogLevel.Warning,
            "Something keeps giving {Device} the MAC {Found} instead of {Mac}; publishing {Found} instead. Tell the network manager to leave the " +
            "device alone.")]
        public static partial void MacAccepted(ILogger logger, string device, PhysicalAddress found, PhysicalAddress? mac);

        [LoggerMessage(
            FlannelEventIds.MtuChanged,
            LogLevel.Information,
            "The MTU of {Device} changed from {Before} to {After}, because that of {Interface} is {InterfaceMtu}.")]
        public static partial void MtuChanged(ILogger logger, string device, int before, int after, string @interface, int interfaceMtu);

        [LoggerMessage(FlannelEventIds.NexthopsOn, LogLevel.Information, "{Device} has {Count} peers; switching their routes to nexthop objects.")]
        public static partial void NexthopsOn(ILogger logger, string device, int count);

        [LoggerMessage(FlannelEventIds.NexthopsOff, LogLevel.Information, "{Device} has {Count} peers; switching their routes to plain ones.")]
        public static partial void NexthopsOff(ILogger logger, string device, int count);
    }
}

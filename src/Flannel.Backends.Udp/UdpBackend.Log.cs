using Flannel.Backends.Udp.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Backends.Udp;

internal sealed partial class UdpBackend
{
    internal static partial class Log
    {
        [LoggerMessage(FlannelEventIds.DeviceCreated, LogLevel.Information, "Created {Device} (index {Index}, MTU {Mtu}) over {Uplink}, off-loads {Offloads}")]
        public static partial void DeviceCreated(ILogger logger, string device, int index, int mtu, string uplink, UdpOffloads offloads);
    }
}

using System.Net;
using Flannel.Linux.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Linux.Hosts;

/// <content>Log messages.</content>
internal sealed partial class LinuxHostNetwork
{
    private static partial class Log
    {
        [LoggerMessage(
            FlannelEventIds.ExternalInterfaceChosen,
            LogLevel.Debug,
            "External interface {Name} (index {Index}, MTU {Mtu}) with {Address} {AddressIPv6}; peers are told {PublicIP} {PublicIPv6}.")]
        public static partial void ExternalInterfaceChosen(
            ILogger logger, string name, int index, int mtu, IPAddress? address, IPAddress? addressIPv6, IPAddress? publicIP, IPAddress? publicIPv6);

        [LoggerMessage(
            FlannelEventIds.ExternalInterfaceMoved,
            LogLevel.Information,
            "The external interface {Name} with {Address} {AddressIPv6} is gone; now it is {OtherName} with {OtherAddress} {OtherAddressIPv6}.")]
        public static partial void ExternalInterfaceMoved(
            ILogger logger, string name, IPAddress? address, IPAddress? addressIPv6, string otherName, IPAddress? otherAddress,
            IPAddress? otherAddressIPv6);
    }
}

using System.Net;
using Flannel.Core.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Administration;

internal sealed partial class FlannelAdministration
{
    private static partial class Log
    {
        [LoggerMessage(
            FlannelEventIds.AdminConfigWritten,
            LogLevel.Information,
            "Wrote the network configuration ({Source}, revision {Revision}): {Config}.")]
        public static partial void ConfigWritten(ILogger logger, string source, long revision, NetworkConfig config);

        [LoggerMessage(
            FlannelEventIds.AdminConfigDeleted,
            LogLevel.Information,
            "Deleted the network configuration ({Source}) of revision {Revision}.")]
        public static partial void ConfigDeleted(ILogger logger, string source, long revision);

        [LoggerMessage(FlannelEventIds.AdminReserved, LogLevel.Information, "Reserved {Subnet} for {Holder}.")]
        public static partial void Reserved(ILogger logger, string subnet, IPAddress? holder);

        [LoggerMessage(
            FlannelEventIds.AdminReservationEnded,
            LogLevel.Information,
            "Turned the reservation {Subnet} of {Holder} into a lease of {TimeToLive}.")]
        public static partial void ReservationEnded(ILogger logger, string subnet, IPAddress? holder, TimeSpan timeToLive);

        [LoggerMessage(FlannelEventIds.AdminRevoked, LogLevel.Information, "Deleted {Key} of {Holder}, revision {Revision}.")]
        public static partial void Revoked(ILogger logger, string key, IPAddress? holder, long revision);
    }
}

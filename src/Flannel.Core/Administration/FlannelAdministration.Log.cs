using System.Net;
using Flannel.Core.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Administration;

internal sealed partial class FlannelAdministration
{
    [LoggerMessage(
        FlannelEventIds.AdminConfigWritten, LogLevel.Information, "Wrote the network configuration ({Source}, revision {Revision}): {Config}.")]
    private partial void LogConfigWritten(string source, long revision, NetworkConfig config);

    [LoggerMessage(FlannelEventIds.AdminConfigDeleted, LogLevel.Information, "Deleted the network configuration ({Source}) of revision {Revision}.")]
    private partial void LogConfigDeleted(string source, long revision);

    [LoggerMessage(FlannelEventIds.AdminReserved, LogLevel.Information, "Reserved {Subnet} for {Holder}.")]
    private partial void LogReserved(string subnet, IPAddress? holder);

    [LoggerMessage(
        FlannelEventIds.AdminReservationEnded, LogLevel.Information, "Turned the reservation {Subnet} of {Holder} into a lease of {TimeToLive}.")]
    private partial void LogReservationEnded(string subnet, IPAddress? holder, TimeSpan timeToLive);

    [LoggerMessage(FlannelEventIds.AdminRevoked, LogLevel.Information, "Deleted {Key} of {Holder}, revision {Revision}.")]
    private partial void LogRevoked(string key, IPAddress? holder, long revision);
}

using System.Net;
using Flannel.Core.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Leases;

internal sealed partial class SubnetManager
{
    [LoggerMessage(FlannelEventIds.LeaseOwnTaken, LogLevel.Information, "Took the {Kind} {Subnet} that the store already holds for {Address}.")]
    private partial void LogOwnTaken(SubnetKey subnet, string kind, IPAddress address);

    [LoggerMessage(FlannelEventIds.LeaseAcquired, LogLevel.Information, "Leased the subnet {Subnet} ({Why}).")]
    private partial void LogAcquired(SubnetKey subnet, string why);

    [LoggerMessage(FlannelEventIds.LeaseLostRace, LogLevel.Debug, "Another node was faster at {Subnet}; choosing again from a fresh list.")]
    private partial void LogLostRace(SubnetKey subnet);

    [LoggerMessage(
        FlannelEventIds.LeaseWriteUncertain, LogLevel.Warning, "Whether a write to the lease store took place is uncertain; looking it up. {Reason}")]
    private partial void LogWriteUncertain(string reason);

    [LoggerMessage(FlannelEventIds.LeaseUnfitDeleted, LogLevel.Information, "Deleted this node's lease {Subnet}, which no longer fits the network.")]
    private partial void LogUnfitDeleted(SubnetKey subnet);

    [LoggerMessage(
        FlannelEventIds.LeaseOtherDeleted, LogLevel.Information, "Deleted the lease {Subnet}, which has this node's address too; this node " +
            "keeps {Own}.")]
    private partial void LogOtherDeleted(SubnetKey subnet, SubnetKey own);

    [LoggerMessage(
        FlannelEventIds.LeaseUnfitReservation,
        LogLevel.Warning,
        "The subnet {Subnet} is reserved for this node but does not fit the network; it is passed over. Delete the reservation or make it fit.")]
    private partial void LogUnfitReservation(SubnetKey subnet);

    [LoggerMessage(
        FlannelEventIds.LeaseFormerHeld,
        LogLevel.Warning,
        "The subnet {Subnet}, which this node had under a former address, is held by the live host that has that address now; {Address} leases " +
        "another one.")]
    private partial void LogFormerHeld(SubnetKey subnet, IPAddress address);

    [LoggerMessage(FlannelEventIds.LeaseReleased, LogLevel.Information, "Gave the subnet {Subnet} back.")]
    private partial void LogReleased(SubnetKey subnet);

    [LoggerMessage(FlannelEventIds.LeaseNotReleased, LogLevel.Information, "Did not give the subnet {Subnet} back: {Why}.")]
    private partial void LogNotReleased(SubnetKey subnet, string why);
}

using System.Net;
using Flannel.Core.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Leases.Policy;

internal sealed partial class SubnetManager
{
    private static partial class Log
    {
        [LoggerMessage(FlannelEventIds.LeaseOwnTaken, LogLevel.Information, "Took the {Kind} {Subnet} that the store already holds for {Address}.")]
        public static partial void OwnTaken(ILogger logger, SubnetKey subnet, string kind, IPAddress address);

        [LoggerMessage(FlannelEventIds.LeaseAcquired, LogLevel.Information, "Leased the subnet {Subnet} ({Why}).")]
        public static partial void Acquired(ILogger logger, SubnetKey subnet, string why);

        [LoggerMessage(FlannelEventIds.LeaseLostRace, LogLevel.Debug, "Another node was faster at {Subnet}; choosing again from a fresh list.")]
        public static partial void LostRace(ILogger logger, SubnetKey subnet);

        [LoggerMessage(
            FlannelEventIds.LeaseWriteUncertain,
            LogLevel.Warning,
            "Whether a write to the lease store took place is uncertain; looking it up. {Reason}")]
        public static partial void WriteUncertain(ILogger logger, string reason);

        [LoggerMessage(
            FlannelEventIds.LeaseUnfitDeleted,
            LogLevel.Information,
            "Deleted this node's lease {Subnet}, which no longer fits the network.")]
        public static partial void UnfitDeleted(ILogger logger, SubnetKey subnet);

        [LoggerMessage(
            FlannelEventIds.LeaseOtherDeleted,
            LogLevel.Information,
            "Deleted the lease {Subnet}, which has this node's address too; this node keeps {Own}.")]
        public static partial void OtherDeleted(ILogger logger, SubnetKey subnet, SubnetKey own);

        [LoggerMessage(
            FlannelEventIds.LeaseUnfitReservation,
            LogLevel.Warning,
            "The subnet {Subnet} is reserved for this node but does not fit the network; it is passed over. Delete the reservation or make it fit.")]
        public static partial void UnfitReservation(ILogger logger, SubnetKey subnet);

        [LoggerMessage(
            FlannelEventIds.LeaseFormerHeld,
            LogLevel.Warning,
            "The subnet {Subnet}, which this node had under a former address, is held by the live host that has that address now; {Address} leases " +
            "another one.")]
        public static partial void FormerHeld(ILogger logger, SubnetKey subnet, IPAddress address);

        [LoggerMessage(FlannelEventIds.LeaseReleased, LogLevel.Information, "Gave the subnet {Subnet} back.")]
        public static partial void Released(ILogger logger, SubnetKey subnet);

        [LoggerMessage(FlannelEventIds.LeaseNotReleased, LogLevel.Information, "Did not give the subnet {Subnet} back: {Why}.")]
        public static partial void NotReleased(ILogger logger, SubnetKey subnet, string why);
    }
}

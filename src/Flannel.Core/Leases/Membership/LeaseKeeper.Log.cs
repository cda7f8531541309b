using Flannel.Core.Diagnostics;
using Flannel.Extensibility;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Leases.Membership;

internal sealed partial class LeaseKeeper
{
    private static partial class Log
    {
        [LoggerMessage(FlannelEventIds.LeaseRenewed, LogLevel.Debug, "Renewed the lease {Subnet}.")]
        public static partial void Renewed(ILogger logger, SubnetKey subnet);

        [LoggerMessage(
            FlannelEventIds.LeaseRenewalFailed,
            LogLevel.Warning,
            "Keeping the lease {Subnet} failed; it is tried again, and this is logged less and less often. {Reason}")]
        public static partial void RenewalFailed(ILogger logger, SubnetKey subnet, string reason);

        [LoggerMessage(FlannelEventIds.LeaseGone, LogLevel.Warning, "The lease {Subnet} of this node was deleted or has expired; taking it again.")]
        public static partial void Gone(ILogger logger, SubnetKey subnet);

        [LoggerMessage(FlannelEventIds.LeaseReacquired, LogLevel.Information, "This node holds the lease {Subnet} again.")]
        public static partial void Reacquired(ILogger logger, SubnetKey subnet);

        [LoggerMessage(FlannelEventIds.LeaseLost, LogLevel.Error, "{State}: {Reason}")]
        public static partial void Loss(ILogger logger, OwnLeaseState state, string reason);

        [LoggerMessage(
            FlannelEventIds.LeaseRestored,
            LogLevel.Warning,
            "Somebody else changed this node's lease {Subnet} (revision {Revision}); putting it back.")]
        public static partial void Restored(ILogger logger, SubnetKey subnet, long revision);

        [LoggerMessage(FlannelEventIds.LeaseContested, LogLevel.Warning, "{Reason}")]
        public static partial void Contested(ILogger logger, string reason);

        [LoggerMessage(FlannelEventIds.LeaseUncontested, LogLevel.Information, "No other host claims the lease {Subnet} of this node any more.")]
        public static partial void Uncontested(ILogger logger, SubnetKey subnet);

        [LoggerMessage(FlannelEventIds.StoreAway, LogLevel.Warning, "The lease store cannot be reached; peers stay as last known. {Reason}")]
        public static partial void StoreAway(ILogger logger, string reason);

        [LoggerMessage(FlannelEventIds.StoreAwayFor, LogLevel.Warning, "The lease store has not been reached for {Duration}. {Reason}")]
        public static partial void StoreAwayFor(ILogger logger, string duration, string reason);

        [LoggerMessage(FlannelEventIds.StoreStillAway, LogLevel.Debug, "The lease store still cannot be reached. {Reason}")]
        public static partial void StoreStillAway(ILogger logger, string reason);

        [LoggerMessage(FlannelEventIds.StoreBack, LogLevel.Information, "The lease store answers again, after {Duration}.")]
        public static partial void StoreBack(ILogger logger, string duration);

        [LoggerMessage(FlannelEventIds.StoreUnexpectedError, LogLevel.Error, "Following the lease store failed unexpectedly and is started again.")]
        public static partial void Unexpected(ILogger logger, Exception error);
    }
}

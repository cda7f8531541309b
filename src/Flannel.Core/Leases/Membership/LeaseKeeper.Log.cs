using Flannel.Core.Diagnostics;
using Flannel.Extensibility;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Leases.Membership;

internal sealed partial class LeaseKeeper
{
    [LoggerMessage(FlannelEventIds.LeaseRenewed, LogLevel.Debug, "Renewed the lease {Subnet}.")]
    private partial void LogRenewed(SubnetKey subnet);

    [LoggerMessage(
        FlannelEventIds.LeaseRenewalFailed, LogLevel.Warning, "Keeping the lease {Subnet} failed; it is tried again, and this is logged less and " +
            "less often. {Reason}")]
    private partial void LogRenewalFailed(SubnetKey subnet, string reason);

    [LoggerMessage(FlannelEventIds.LeaseGone, LogLevel.Warning, "The lease {Subnet} of this node was deleted or has expired; taking it again.")]
    private partial void LogGone(SubnetKey subnet);

    [LoggerMessage(FlannelEventIds.LeaseReacquired, LogLevel.Information, "This node holds the lease {Subnet} again.")]
    private partial void LogReacquired(SubnetKey subnet);

    [LoggerMessage(FlannelEventIds.LeaseLost, LogLevel.Error, "{State}: {Reason}")]
    private partial void LogLoss(OwnLeaseState state, string reason);

    [LoggerMessage(
        FlannelEventIds.LeaseRestored, LogLevel.Warning, "Somebody else changed this node's lease {Subnet} (revision {Revision}); putting it back.")]
    private partial void LogRestored(SubnetKey subnet, long revision);

    [LoggerMessage(FlannelEventIds.LeaseContested, LogLevel.Warning, "{Reason}")]
    private partial void LogContested(string reason);

    [LoggerMessage(FlannelEventIds.LeaseUncontested, LogLevel.Information, "No other host claims the lease {Subnet} of this node any more.")]
    private partial void LogUncontested(SubnetKey subnet);

    [LoggerMessage(FlannelEventIds.StoreAway, LogLevel.Warning, "The lease store cannot be reached; peers stay as last known. {Reason}")]
    private partial void LogStoreAway(string reason);

    [LoggerMessage(FlannelEventIds.StoreAwayFor, LogLevel.Warning, "The lease store has not been reached for {Duration}. {Reason}")]
    private partial void LogStoreAwayFor(string duration, string reason);

    [LoggerMessage(FlannelEventIds.StoreStillAway, LogLevel.Debug, "The lease store still cannot be reached. {Reason}")]
    private partial void LogStoreStillAway(string reason);

    [LoggerMessage(FlannelEventIds.StoreBack, LogLevel.Information, "The lease store answers again, after {Duration}.")]
    private partial void LogStoreBack(string duration);

    [LoggerMessage(FlannelEventIds.StoreUnexpectedError, LogLevel.Error, "Following the lease store failed unexpectedly and is started again.")]
    private partial void LogUnexpected(Exception error);
}

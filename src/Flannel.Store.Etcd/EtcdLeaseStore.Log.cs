using Flannel.Store.Etcd.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Store.Etcd;

internal sealed partial class EtcdLeaseStore
{
    [LoggerMessage(
        FlannelEventIds.LeaseNotRevoked,
        LogLevel.Debug,
        "The etcd lease {Lease} is of no use any more but cannot be revoked now; it is tried again later. {Reason}")]
    private partial void LogLeaseNotRevoked(long lease, string reason);

    [LoggerMessage(FlannelEventIds.LeaseExchanged, LogLevel.Information, "The time to live of {Key} is now {Now} s; it was {Before} s.")]
    private partial void LogLeaseExchanged(string key, long before, long now);

    [LoggerMessage(
        FlannelEventIds.PageTooLarge, LogLevel.Debug, "A page of up to {Limit} leases is too long; asking for less at once. {Reason}")]
    private partial void LogPageTooLarge(long limit, string reason);

    [LoggerMessage(
        FlannelEventIds.ListCompacted, LogLevel.Debug, "The history was compacted while the leases were being listed; listing again. {Reason}")]
    private partial void LogListCompacted(string reason);
}

using Flannel.Store.Etcd.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Store.Etcd;

internal sealed partial class EtcdLeaseStore
{
    private static partial class Log
    {
        [LoggerMessage(
            FlannelEventIds.LeaseNotRevoked,
            LogLevel.Debug,
            "The etcd lease {Lease} is of no use any more but cannot be revoked now; it is tried again later. {Reason}")]
        public static partial void LeaseNotRevoked(ILogger logger, long lease, string reason);

        [LoggerMessage(FlannelEventIds.LeaseExchanged, LogLevel.Information, "The time to live of {Key} is now {Now} s; it was {Before} s.")]
        public static partial void LeaseExchanged(ILogger logger, string key, long before, long now);

        [LoggerMessage(FlannelEventIds.PageTooLarge, LogLevel.Debug, "A page of up to {Limit} leases is too long; asking for less at once. {Reason}")]
        public static partial void PageTooLarge(ILogger logger, long limit, string reason);

        [LoggerMessage(
            FlannelEventIds.ListCompacted,
            LogLevel.Debug,
            "The history was compacted while the leases were being listed; listing again. {Reason}")]
        public static partial void ListCompacted(ILogger logger, string reason);
    }
}

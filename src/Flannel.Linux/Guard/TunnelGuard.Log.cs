using Flannel.Linux.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Extensibility;

/// <content>Log messages.</content>
public sealed partial class TunnelGuard
{
    private static partial class Log
    {
        [LoggerMessage(FlannelEventIds.GuardWritten, LogLevel.Information, "{Network}: the tunnel is guarded (nft list table inet {Table}).")]
        public static partial void Written(ILogger logger, string network, string table);

        [LoggerMessage(FlannelEventIds.GuardRepaired, LogLevel.Warning, "{Network}: the guard {Table} was put right, because {Damage}.")]
        public static partial void Repaired(ILogger logger, string network, string table, string damage);

        [LoggerMessage(FlannelEventIds.GuardFailing, LogLevel.Error, "{Network}: {Problem}")]
        public static partial void Failing(ILogger logger, string network, string problem);

        [LoggerMessage(FlannelEventIds.GuardHoldsAgain, LogLevel.Information, "{Network}: the tunnel is guarded again.")]
        public static partial void HoldsAgain(ILogger logger, string network);

        [LoggerMessage(FlannelEventIds.GuardRemoved, LogLevel.Information, "{Network}: the guard {Table} was removed.")]
        public static partial void Removed(ILogger logger, string network, string table);

        [LoggerMessage(
            FlannelEventIds.GuardDropped,
            LogLevel.Warning,
            "{Network}: the guard has dropped {Total} packets since it was said last: to the tunnel's port {UnknownSenders} from unknown senders " +
            "and {Containers} of containers, out of the tunnel {ForeignSources} with a foreign source and {ForeignDestinations} with a foreign " +
            "destination.")]
        public static partial void Dropped(
            ILogger logger, string network, long total, long unknownSenders, long containers, long foreignSources, long foreignDestinations);
    }
}

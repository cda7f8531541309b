using Flannel.Core.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Extensibility;

public sealed partial class PeerTracker
{
    private static partial class Log
    {
        [LoggerMessage(FlannelEventIds.LeaseRefused, LogLevel.Warning, "Refused {Count} leases, {Total} are refused now: {Examples}.")]
        public static partial void Refused(ILogger logger, int count, int total, string examples);

        [LoggerMessage(
            FlannelEventIds.PeersRetained,
            LogLevel.Warning,
            "{Count} peers, more than half, left the store together; their routes are kept for {Grace}, unless they come back.")]
        public static partial void Retained(ILogger logger, int count, TimeSpan grace);

        [LoggerMessage(
            FlannelEventIds.PeersRetainedNoLonger,
            LogLevel.Information,
            "The peers that left the store together have come back, or their time is over.")]
        public static partial void RetentionOver(ILogger logger);
    }
}

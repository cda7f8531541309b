using Flannel.Core.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Extensibility;

public sealed partial class PeerTracker
{
    [LoggerMessage(FlannelEventIds.LeaseRefused, LogLevel.Warning, "Refused {Count} leases, {Total} are refused now: {Examples}.")]
    private partial void LogRefused(int count, int total, string examples);

    [LoggerMessage(
        FlannelEventIds.PeersRetained, LogLevel.Warning, "{Count} peers, more than half, left the store together; their routes are kept for " +
            "{Grace}, unless they come back.")]
    private partial void LogRetained(int count, TimeSpan grace);

    [LoggerMessage(
        FlannelEventIds.PeersRetainedNoLonger, LogLevel.Information, "The peers that left the store together have come back, or their time is over.")]
    private partial void LogRetentionOver();
}

using Flannel.Core.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Extensibility;

public sealed partial class PeerTracker
{
    [LoggerMessage(FlannelEventIds.LeaseRefused, LogLevel.Warning, "Refused {Count} leases, {Total} are refused now: {Examples}.")]
    private partial void LogRefused(int count, int total, string examples);
}

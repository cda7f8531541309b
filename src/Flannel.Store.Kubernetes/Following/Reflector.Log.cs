using Flannel.Store.Kubernetes.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Store.Kubernetes.Following;

internal sealed partial class Reflector
{
    [LoggerMessage(
        FlannelEventIds.WatchExpired, LogLevel.Information, "The API server has forgotten version {Version} of {Resource}; listing again.")]
    private partial void LogExpired(string resource, string version);

    [LoggerMessage(FlannelEventIds.FollowingFailed, LogLevel.Error, "Following {Resource} failed unexpectedly; listing again.")]
    private partial void LogFailed(Exception error, string resource);
}

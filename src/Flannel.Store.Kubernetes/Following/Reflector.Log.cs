using Flannel.Store.Kubernetes.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Store.Kubernetes.Following;

internal sealed partial class Reflector
{
    private static partial class Log
    {
        [LoggerMessage(
            FlannelEventIds.WatchExpired,
            LogLevel.Information,
            "The API server has forgotten version {Version} of {Resource}; listing again.")]
        public static partial void Expired(ILogger logger, string resource, string version);

        [LoggerMessage(FlannelEventIds.FollowingFailed, LogLevel.Error, "Following {Resource} failed unexpectedly; listing again.")]
        public static partial void Failed(ILogger logger, Exception error, string resource);
    }
}

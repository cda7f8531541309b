using Flannel.Store.Etcd.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Store.Etcd.Transport;

internal sealed partial class GrpcTransport
{
    private static partial class Log
    {
        [LoggerMessage(
            FlannelEventIds.ConnectionAbandoned,
            LogLevel.Warning,
            "The connection to etcd endpoint {Endpoint} did not close within {Limit} s; it is cut and replaced.")]
        public static partial void Abandoned(ILogger logger, string endpoint, double limit);
    }
}

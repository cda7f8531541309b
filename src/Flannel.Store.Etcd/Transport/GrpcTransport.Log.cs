using Flannel.Store.Etcd.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Store.Etcd.Transport;

internal sealed partial class GrpcTransport
{
    [LoggerMessage(
        FlannelEventIds.ConnectionAbandoned,
        LogLevel.Warning,
        "The connection to etcd endpoint {Endpoint} did not close within {Limit} s; it is cut and replaced.")]
    private partial void LogAbandoned(string endpoint, double limit);
}
